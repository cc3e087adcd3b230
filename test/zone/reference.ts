/**
 * Section 4.3.2 of RFC 1034, step 3, as its prose goes, with RFC 4592 and RFC 6672: label by label down from the
 * apex, over lists of strings. Slow and plain; what the fast lookup is compared with.
 */
export interface Line {
  readonly owner: string;
  readonly ttl: string;
  readonly type: string;
  readonly rdata: string;
}

/** @param text lines `owner [ttl] type rdata`, all names absolute */
export function readLines(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [owner, ...rest] = line.split(' ') as [string, ...string[]];
      const ttl = /^[0-9]+$/.test(rest[0]!) ? rest.shift()! : '300';
      return { owner, ttl, type: rest.shift()!, rdata: rest.join(' ') };
    });
}

/** What `show` of support.ts prints for the same question, without glue. */
export function reference(zone: readonly Line[], origin: string, qname: string, qtype: string): string[] {
  const at = (owner: string, type: string): Line[] =>
    zone.filter((line) => line.owner === owner && line.type === type);
  const exists = (name: string): boolean =>
    zone.some(({ owner }) => owner === name || owner.endsWith(`.${name}`));
  const print = (list: readonly Line[], owner: string): string[] =>
    list.map(({ ttl, type, rdata }) => `${owner} ${ttl} ${type} ${type === 'TXT' ? `"${rdata}"` : rdata}`);

  const matching = (source: string): string[] => {
    const cname = at(source, 'CNAME');
    if (cname.length > 0 && qtype !== 'CNAME')
      return ['CNAME', ...print(cname, qname), `-> ${cname[0]!.rdata}`];
    const found = at(source, qtype);
    return found.length > 0 ? ['HIT', ...print(found, qname)] : ['NODATA'];
  };

  const labels = qname.slice(0, -origin.length).split('.').slice(0, -1);
  let node = origin;
  for (;;) {
    const isWhole = labels.length === 0;
    // 3b: a match would take us out of the authoritative data.
    const ns = node === origin ? [] : at(node, 'NS');
    if (ns.length > 0 && !(isWhole && qtype === 'DS')) return ['DELEGATION', ...print(ns, node)];
    // 3a: the whole of QNAME is matched.
    if (isWhole) return matching(node);
    // 3c of RFC 6672: the owner of a DNAME, and labels left.
    const [dname] = at(node, 'DNAME');
    if (dname !== undefined) {
      const target = `${labels.join('.')}.${dname.rdata}`;
      const made = ['DNAME', ...print([dname], node), `${qname} ${dname.ttl} CNAME ${target}`];
      return qtype === 'CNAME' ? made : [...made, `-> ${target}`];
    }
    const child = `${labels.at(-1)}.${node}`;
    if (!exists(child)) {
      // 3c: see if the "*" label exists at the closest encloser.
      return exists(`*.${node}`) ? matching(`*.${node}`) : ['NXDOMAIN'];
    }
    labels.pop();
    node = child;
  }
}

/** resolv.conf(5) as glibc and musl read it: one pass over lines, the last `search` or `domain` counts. */

/** glibc and musl take the first three name servers and pass over the rest. */
export const NAMESERVERS_MAX = 3;

export interface ResolvConf {
  /** In the order of the file, those behind the third too. */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  /** `ndots:5`, `rotate`: the words of all `options` lines. */
  readonly options: readonly string[];
  readonly sortlist: readonly string[];
  /** Lines of which no libc makes anything, from 1. */
  readonly unknown: readonly { readonly line: number; readonly text: string }[];
}

export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: string[] = [];
  const options: string[] = [];
  const sortlist: string[] = [];
  const unknown: { line: number; text: string }[] = [];
  text.split('\n').forEach((line, i) => {
    // A comment begins in the first column; blanks before a keyword are the file's own business.
    if (/^\s*([#;]|$)/.test(line)) return;
    const [keyword = '', ...words] = line.trim().split(/\s+/);
    switch (keyword) {
      case 'nameserver':
        if (words[0] !== undefined) nameservers.push(words[0]);
        break;
      case 'search':
        search = words;
        break;
      case 'domain':
        search = words.slice(0, 1);
        break;
      case 'options':
        options.push(...words);
        break;
      case 'sortlist':
        sortlist.push(...words);
        break;
      default:
        unknown.push({ line: i + 1, text: line });
    }
  });
  return { nameservers, search, options, sortlist, unknown };
}

/** The number of dots from which on a name is tried as it stands first; 1 where nothing is said. At most 15. */
export function ndotsOf({ options }: Pick<ResolvConf, 'options'>): number {
  const said = options.findLast((option) => /^ndots:\d+$/.test(option));
  return said === undefined ? 1 : Math.min(15, Number(said.slice('ndots:'.length)));
}

const OUR_OPTIONS = ['edns0', 'trust-ad'];

/**
 * The file with one name server in the place of those that it has. What else it says stays; AD of the resolver, which
 * is on this host, counts (`trust-ad`).
 */
export function renderResolvConf(before: ResolvConf, address: string, search: readonly string[]): string {
  const domains = [...new Set([...before.search, ...search.map((each) => each.replace(/(?<=.)\.$/, ''))])];
  const options = [...new Set([...before.options, ...OUR_OPTIONS])];
  return [
    '# Written by `causeway install-host`. `causeway uninstall-host` brings back what was here.',
    `nameserver ${address}`,
    ...(domains.length === 0 ? [] : [`search ${domains.join(' ')}`]),
    ...(before.sortlist.length === 0 ? [] : [`sortlist ${before.sortlist.join(' ')}`]),
    `options ${options.join(' ')}`,
    '',
  ].join('\n');
}

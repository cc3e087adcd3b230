/** Zones and answers of tests in the field's notation. */
import { TYPE } from '../../src/wire/constants.ts';
import { type Name, nameFromText, nameToText } from '../../src/wire/name.ts';
import { rdataToText, typeFromText, typeToText } from '../../src/wire/rdata/table.ts';
import type { Rr, Rrset } from '../../src/wire/record.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';
import { buildZone, Zone, type ZoneBuild, type ZoneOptions } from '../../src/zone/image.ts';
import { lookup, type ZoneResult } from '../../src/zone/lookup.ts';

export const name = (text: string): Name => nameFromText(text);

/** Apex of a zone whose negative answers live 60 s. */
export const APEX = '@ 300 SOA ns.other. admin.other. 7 3600 600 86400 60\n@ 300 NS ns.other.\n';

/** Records of `text` in zone-file syntax, with a TTL of 300. Lines may be indented. */
export function records(origin: string, text: string): Rr[] {
  const list: Rr[] = [];
  const errors = parseZone(text.replace(/^ +/gm, ''), {
    origin: name(origin),
    file: 'test',
    defaultTtl: 300,
    onRecord: (rr) => list.push(rr),
  });
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  return list;
}

export function build(origin: string, text: string, options?: ZoneOptions): ZoneBuild {
  return buildZone(name(origin), records(origin, text), { seed: 1, ...options });
}

/** A zone of `text`, with APEX in front. Throws where it does not build. */
export function zone(origin: string, text: string, id = 0): Zone {
  const built = build(origin, APEX + text);
  if (built.image === undefined) throw new Error(problems(built.errors).join('\n'));
  return Zone.from(built.image, id);
}

export function problems(list: readonly { name: Name; message: string }[]): string[] {
  return list.map((problem) => `${nameToText(problem.name)} ${problem.message}`);
}

/** `www.example. 300 A 192.0.2.1`, one line for each record. */
export function lines(...rrsets: readonly Rrset[]): string[] {
  return rrsets.flatMap((rrset) =>
    rrset.rdatas.map(
      (rdata) =>
        `${nameToText(rrset.name)} ${rrset.ttl} ${typeToText(rrset.type)} ${rdataToText(rrset.type, rdata)}`,
    ),
  );
}

/** The kind of the result in capitals and its records: `['HIT', 'www.example. 300 A 192.0.2.1']`. */
export function show(result: ZoneResult): string[] {
  const kind = result.kind.toUpperCase();
  switch (result.kind) {
    case 'hit':
    case 'any':
    case 'dname-too-long':
      return [kind, ...lines(result.rrset)];
    case 'nodata':
    case 'nxdomain':
      return [kind];
    case 'routed':
      return [kind, nameToText(result.owner)];
    case 'alias':
      return [kind, nameToText(result.target)];
    case 'delegation':
      return [kind, ...lines(result.ns), ...lines(...result.glue)];
    case 'cname':
      return [kind, ...lines(result.rrset), `-> ${nameToText(result.target)}`];
    case 'dname':
      return [
        kind,
        ...lines(result.rrset, result.cname),
        ...(result.target ? [`-> ${nameToText(result.target)}`] : []),
      ];
  }
}

/** Asks and shows: `ask(zone, 'www.example. A')`. */
export function ask(zone: Zone, question: string): string[] {
  const [qname, qtype] = question.split(' ') as [string, string];
  return show(lookup(zone, name(qname), qtype === 'ANY' ? TYPE.ANY : typeFromText(qtype)!));
}

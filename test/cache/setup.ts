import { type Cached, RecordCache } from '../../src/cache/records.ts';
import type { TtlLimits } from '../../src/cache/ttl.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Dependencies } from '../../src/util/deps.ts';
import { Slab } from '../../src/util/slab.ts';
import { groupRrsets } from '../../src/wire/message.ts';
import { type Name, nameFromText, nameToText, ROOT } from '../../src/wire/name.ts';
import { rdataToText, typeToText } from '../../src/wire/rdata/table.ts';
import type { Rr, Rrset } from '../../src/wire/record.ts';
import { parseZone } from '../../src/wire/text/zonefile.ts';

export interface World {
  readonly cache: RecordCache;
  readonly clock: ManualClock;
  readonly deps: Dependencies;
  readonly slab: Slab;
}

export function setUp(limits: Partial<TtlLimits> = {}, bytes = 1 << 20): World {
  const clock = new ManualClock();
  clock.advance(12_345.678);
  const deps = new Dependencies();
  const slab = new Slab({ bytes, seed: [0x12345678, 0x9abcdef0] });
  return { cache: new RecordCache({ slab, clock, deps, limits }), clock, deps, slab };
}

export const name = (text: string): Name => nameFromText(text);

/** One RRset out of lines of a zone file with absolute names. */
export function rrset(lines: string): Rrset {
  const rrs: Rr[] = [];
  const errors = parseZone(lines, { origin: ROOT, file: 'test', onRecord: (rr) => rrs.push(rr) });
  const sets = groupRrsets(rrs);
  if (errors.length > 0 || sets.length !== 1) throw new Error(errors[0]?.message ?? 'not one RRset');
  return sets[0]!;
}

/** `www.example. 300 A 192.0.2.1 | www.example. 300 A 192.0.2.2`, or `nodata …`, with the state before it if stale. */
export function show(cached: Cached | undefined): string {
  if (cached === undefined) return 'nothing';
  const records = cached.rrset ?? cached.soa;
  const lines = (records?.rdatas ?? []).map(
    (rdata) =>
      `${nameToText(records!.name)} ${records!.ttl} ${typeToText(records!.type)} ${rdataToText(records!.type, rdata)}`,
  );
  const state = cached.state === 'stale' ? 'stale ' : '';
  return `${state}${cached.kind === 'rrset' ? '' : `${cached.kind} `}${lines.join(' | ')}`.trim();
}

export const SOA = 'example. 3600 IN SOA ns.example. root.example. 1 7200 900 1209600 900';
/** That SOA as a negative answer shows it, with what is left of its TTL. */
export const soaText = (ttl: number): string =>
  `example. ${ttl} SOA ns.example. root.example. 1 7200 900 1209600 900`;

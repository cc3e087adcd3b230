/** Scenarios with servers that do what they should: for those that lean on what one resolver puts up with. */
import { TYPE } from '../../../src/wire/constants.ts';
import { nameEquals } from '../../../src/wire/name.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { parseScenario } from './parse.ts';
import type { Entry, Packet, Scenario } from './scenario.ts';

const SECTIONS = ['answer', 'authority', 'additional'] as const;
type Section = (typeof SECTIONS)[number];

/** Puts each RRSIG of a reply into the section of what it covers (RFC 4035 section 3.1.1). */
export function withSignaturesInPlace(scenario: Scenario): Scenario {
  const mended = (entry: Entry): Entry => ({ ...entry, packet: signaturesInPlace(entry.packet) });
  const ranges = scenario.ranges.map((range) => ({ ...range, entries: range.entries.map(mended) }));
  return { ...scenario, ranges };
}

function signaturesInPlace(packet: Packet): Packet {
  const records: Record<Section, Rr[]> = { answer: [], authority: [], additional: [] };
  for (const section of SECTIONS)
    for (const rr of packet[section]) records[sectionOf(packet, section, rr)].push(rr);
  return { ...packet, ...records };
}

/** Where a record of `section` belongs: there, if what it covers is nowhere or there too. */
function sectionOf(packet: Packet, section: Section, rr: Rr): Section {
  if (rr.type !== TYPE.RRSIG) return section;
  const covered = (rr.rdata[0]! << 8) | rr.rdata[1]!;
  const has = (each: Section): boolean =>
    packet[each].some(({ name, type }) => type === covered && nameEquals(name, rr.name));
  return has(section) ? section : (SECTIONS.find(has) ?? section);
}

/** With more replies, in the notation of scenarios: `RANGE_BEGIN … RANGE_END`. The scenario's own come first. */
export function withRanges(scenario: Scenario, text: string): Scenario {
  const more = parseScenario(`CONFIG_END\nSCENARIO_BEGIN more\n${text}\nSCENARIO_END\n`, 'more');
  return { ...scenario, ranges: [...scenario.ranges, ...more.ranges] };
}

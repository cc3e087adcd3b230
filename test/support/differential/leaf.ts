/** A zone of the comparison: its records, its keys, what its parent says of it. */
import { CLASS, TYPE } from '../../../src/wire/constants.ts';
import { groupRrsets } from '../../../src/wire/message.ts';
import { type Name, nameFromText, nameToText } from '../../../src/wire/name.ts';
import { rdataToText, typeToText } from '../../../src/wire/rdata/table.ts';
import type { Rr, Rrset } from '../../../src/wire/record.ts';
import { recordsFromText } from '../authority-zone.ts';
import { dsOf, kskOf, type SigningKey, type SignZoneOptions, signZone } from '../sign.ts';

export interface LeafOptions {
  readonly name: string;
  /** Zone-file text without SOA and NS. */
  readonly text: string;
  /** Address of its one server. */
  readonly server: string;
  /** Unsigned without keys. */
  readonly keys: readonly SigningKey[];
  readonly denial: SignZoneOptions['denial'];
}

export class Leaf {
  readonly name: string;
  readonly origin: Name;
  readonly server: string;
  readonly keys: readonly SigningKey[];
  readonly denial: SignZoneOptions['denial'];
  readonly plain: readonly Rr[];
  /** With signatures beside what they cover. Faults change it. */
  sets: Rrset[];
  /** What the parent publishes. Faults change it. */
  ds: Uint8Array[];

  constructor(options: LeafOptions) {
    this.name = options.name;
    this.origin = nameFromText(options.name);
    this.server = options.server;
    this.keys = options.keys;
    this.denial = options.denial;
    const apex = `@ 300 SOA ns h 1 7200 900 1209600 300\n@ 300 NS ns\nns 300 A ${options.server}\n`;
    this.plain = recordsFromText(this.origin, apex + options.text);
    this.sets = groupRrsets(this.isSigned ? this.signed({}) : this.plain);
    this.ds = kskOf(this.keys)
      .slice(0, 1)
      .map((key) => dsOf(key));
  }

  get isSigned(): boolean {
    return this.keys.length > 0;
  }

  signed(options: Partial<SignZoneOptions>): Rr[] {
    const { keys, denial, plain } = this;
    return signZone(plain, { keys, ...(denial === undefined ? {} : { denial }), ...options });
  }

  get records(): Rr[] {
    return this.sets.flatMap(({ name, type, ttl, rdatas, sigs = [] }) => {
      const one = (of: number, rdata: Uint8Array): Rr => ({ name, type: of, class: CLASS.IN, ttl, rdata });
      return [...rdatas.map((rdata) => one(type, rdata)), ...sigs.map((sig) => one(TYPE.RRSIG, sig))];
    });
  }

  get zoneFile(): string {
    return zoneFileOf(this.records);
  }

  /** NS, DS and glue, for the parent. */
  get delegation(): string {
    const { name, server, ds } = this;
    const lines = [`${name} 300 NS ns.${name}`, `ns.${name} 300 A ${server}`];
    return [...lines, ...ds.map((rdata) => `${name} 300 DS ${rdataToText(TYPE.DS, rdata)}`)].join('\n');
  }
}

export function zoneFileOf(records: readonly Rr[]): string {
  return records
    .map(
      (rr) =>
        `${nameToText(rr.name)} ${rr.ttl} IN ${typeToText(rr.type)} ${rdataToText(rr.type, rr.rdata)}\n`,
    )
    .join('');
}

import { createHash } from 'node:crypto';
import { isAtOrBelow, type Name, nameKey, nameToText } from '../../wire/name.ts';
import { typeToText } from '../../wire/rdata/table.ts';
import type { RecordSet } from '../../zone/recordset.ts';
import type { FileEntries, ZoneEntry } from '../config/load.ts';
import type { ConfigProblem, Path } from '../config/problem.ts';
import type { RecordSetConfig } from '../config/recordsets.ts';
import type { RecordSetInput, Resources } from '../records/input.ts';
import type { SetFault } from '../records/members.ts';
import { nameFromRoute53, nameToRoute53 } from '../records/names.ts';
import { FatalProblem, type Field } from '../records/problem.ts';
import { checkSets } from '../records/rules.ts';
import { asRecordSet, type Draft, readRecordSet } from '../records/set.ts';
import { OtherNames } from './othernames.ts';

/** The record sets that the configuration lists for one zone. */
export class ZoneSets {
  /** By index in the list; undefined where the entry has an error already. */
  readonly drafts: readonly (Draft | undefined)[];
  /** What of the sets is not in their drafts. */
  readonly others: OtherNames;
  readonly #entries: FileEntries;
  readonly #zone: ZoneEntry;
  readonly #path: Path;
  readonly #configs: readonly (RecordSetConfig | undefined)[];
  readonly #faults: SetFault[] = [];

  /** Of the zone at `zones[index]`; none where `records` is a text or nothing. */
  constructor(entries: FileEntries, zone: ZoneEntry, index: number, resources: Resources) {
    this.#entries = entries;
    this.#zone = zone;
    this.#path = ['zones', index, 'records'];
    this.#configs = typeof zone.records === 'object' ? zone.records : [];
    this.drafts = this.#configs.map((set, i) => set && this.#read(set, i, resources));
    this.others = new OtherNames(zone.name, this.drafts);
  }

  #read(config: RecordSetConfig, index: number, resources: Resources): Draft {
    const report = (code: SetFault['code'], field: Field, message: string, remedy: string): void => {
      this.#faults.push({ code, index, field, message, remedy });
    };
    return readRecordSet(
      { zone: this.#zone, resources, action: 'CREATE', report },
      inputOf(config, this.#zone),
    );
  }

  /** True if every set could be read; whether they go together is another matter. */
  get isRead(): boolean {
    return this.#faults.length === 0 && this.drafts.every((draft) => draft !== undefined);
  }

  /** The sets that are right in themselves. */
  get sets(): readonly RecordSet[] {
    return this.drafts.flatMap((draft) => (draft && asRecordSet(draft)) ?? []);
  }

  /** Equal for sets that make the same image. */
  get digest(): string {
    const text = JSON.stringify(this.drafts, (_, value) =>
      value instanceof Uint8Array ? value.toBase64() : value,
    );
    return createHash('sha256').update(text).digest('base64');
  }

  /** What is wrong with the sets, each by itself and all together with what `others` has gathered of the text. */
  errors(): ConfigProblem[] {
    const together = checkSets(this.#zone, this.drafts, this.others);
    return [...this.#faults, ...together].map(({ index, field, message, remedy }) =>
      this.#problem(index, field, message, remedy),
    );
  }

  /** Names that were most likely meant otherwise. */
  warnings(): ConfigProblem[] {
    const zone = nameToRoute53(this.#zone.name);
    return this.#configs.flatMap((config, i) => {
      const written: [Field, string | undefined][] = [
        [['name'], config?.name],
        [['aliasTarget', 'dnsName'], config?.aliasTarget?.dnsName],
      ];
      return written.flatMap(([field, name]) =>
        name === undefined || !isDoubled(name, this.#zone.name)
          ? []
          : this.#problem(
              i,
              field,
              `${name} is relative to the zone and so means ${absolute(name, zone)}`,
              `write ${name}. with a final dot if it is meant as it stands`,
            ),
      );
    });
  }

  /**
   * The problem of a set at `name`, or undefined where there is none: of the first one that has the type which
   * `message` begins with, else of the first one.
   */
  problemAt(name: Name, message: string): ConfigProblem | undefined {
    const key = nameKey(name);
    const there = [...this.drafts.keys()].filter((index) => {
      const draft = this.drafts[index];
      return draft?.name !== undefined && nameKey(draft.name) === key;
    });
    const isMeant = (index: number): boolean =>
      message.startsWith(`${typeToText(this.drafts[index]?.type ?? 0)}: `);
    const index = there.find(isMeant) ?? there[0];
    return index === undefined ? undefined : this.#problem(index, [], `${nameToText(name)}: ${message}`, '');
  }

  #problem(index: number, field: Field, message: string, remedy: string): ConfigProblem {
    const config = this.#configs[index];
    // A lone value needs no list.
    const place = field[0] === 'values' && typeof config?.values === 'string' ? ['values'] : field;
    const target = field.at(-1) === 'dnsName' ? config?.aliasTarget?.dnsName : undefined;
    const hint =
      target === undefined || target.endsWith('.')
        ? ''
        : '; without a final dot a name is relative to the zone';
    return this.#entries.problemAt([...this.#path, index, ...place], message, remedy + hint);
  }
}

/** A set as the API would give it. */
function inputOf(config: RecordSetConfig, { name: zone, ttl }: ZoneEntry): RecordSetInput {
  const zoneText = nameToRoute53(zone);
  const { aliasTarget, values } = config;
  // Sets without a TTL have that of the zone, as records without one have.
  const impliedTtl = values !== undefined && aliasTarget === undefined ? Math.floor(ttl / 1000) : undefined;
  return {
    ...config,
    name: absolute(config.name, zoneText),
    ttl: config.ttl ?? impliedTtl,
    values: typeof values === 'string' ? [values] : values,
    aliasTarget: aliasTarget && { ...aliasTarget, dnsName: absolute(aliasTarget.dnsName, zoneText) },
  };
}

/** The rule of zone files (RFC 1035 section 5.1): `@` is the zone, and a name without a final dot is below it. */
function absolute(name: string, zone: string): string {
  if (name === '@') return zone;
  if (name.endsWith('.')) return name;
  return zone === '.' ? `${name}.` : `${name}.${zone}`;
}

/** Whether a relative name ends in the name of its zone, so that it would stand there twice. */
function isDoubled(name: string, zone: Name): boolean {
  if (name.endsWith('.') || name === '@' || zone.length === 1) return false;
  try {
    return isAtOrBelow(nameFromRoute53(name), zone);
  } catch (error) {
    if (error instanceof FatalProblem) return false;
    throw error;
  }
}

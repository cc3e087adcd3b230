import type { Name } from '../../wire/name.ts';
import { typeToText } from '../../wire/rdata/table.ts';
import { nameToRoute53 } from './names.ts';
import type { Fault } from './problem.ts';
import type { Draft } from './set.ts';

export interface SetFault extends Fault {
  /** Of the set among those that were given. */
  readonly index: number;
}

/** Records of the zone that are in none of the sets that are looked at. Keys are `nameKey`s. */
export interface OtherRecords {
  /** False: some could not be read, and what is missing may be among them. */
  readonly isWhole: boolean;
  types(key: string): Iterable<number>;
  has(key: string, type: number): boolean;
  /** Also of names that exist for what is below them. */
  exists(key: string): boolean;
}

export const NO_OTHER_RECORDS: OtherRecords = {
  isWhole: true,
  types: () => [],
  has: () => false,
  exists: () => false,
};

/** A draft whose name and type could be read: others can stand in nobody's way. */
export interface Member extends Draft {
  readonly index: number;
  readonly name: Name;
  readonly type: number;
  readonly key: string;
}

/** Message and remedy. */
export type Said = readonly [string, string];

/** `RRSet with DNS name N, type T, SetIdentifier S` */
export function setText({ name, type, setIdentifier }: Member): string {
  return `RRSet with DNS name ${nameToRoute53(name)}, type ${typeToText(type)}, SetIdentifier ${setIdentifier}`;
}

/** `[name='www.example.com.', type='A', set-identifier='one']` */
export function keyText({ name, type, setIdentifier }: Member): string {
  const identifier = setIdentifier === undefined ? '' : `, set-identifier='${setIdentifier}'`;
  return `[name='${nameToRoute53(name)}', type='${typeToText(type)}'${identifier}]`;
}

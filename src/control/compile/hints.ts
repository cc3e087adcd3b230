import { addressToText } from '../../util/cidr.ts';
import { TYPE } from '../../wire/constants.ts';
import { type Name, nameKey, nameToText, ROOT } from '../../wire/name.ts';
import type { Rr } from '../../wire/record.ts';
import { type Place, parseZone, type ZoneError } from '../../wire/text/zonefile.ts';

/** A server of the root and its addresses in text, as a hints file names them. */
export interface Hint {
  readonly name: Name;
  readonly addresses: readonly string[];
}

/** As many as there are public root servers. NS names beyond this are not looked at in a referral either. */
export const HINTS_MAX = 13;
/** Per server, as in a referral. */
const ADDRESSES_MAX = 6;

export interface ParsedHints {
  readonly hints: readonly Hint[];
  readonly errors: readonly ZoneError[];
  /** What is not as it may be meant. */
  readonly warnings: readonly ZoneError[];
}

/** Reads the names of the root's servers (NS of `.`) and their addresses (A, AAAA). */
export function parseHints(text: string | Uint8Array, file: string): ParsedHints {
  const servers: { rr: Rr; place: Place }[] = [];
  const addresses = new Map<string, Set<string>>();
  const errors = parseZone(text, {
    origin: ROOT,
    file,
    defaultTtl: 0,
    onRecord(rr, place) {
      if (rr.type === TYPE.NS && rr.name.length === 1) servers.push({ rr, place });
      if (rr.type === TYPE.A || rr.type === TYPE.AAAA) addAddress(addresses, rr);
    },
  });
  if (errors.length > 0) return { hints: [], errors, warnings: [] };
  const all = servers.map(({ rr, place }) => ({
    name: rr.rdata,
    place,
    addresses: [...(addresses.get(nameKey(rr.rdata)) ?? [])].slice(0, ADDRESSES_MAX),
  }));
  const hints = all.filter((hint) => hint.addresses.length > 0).slice(0, HINTS_MAX);
  const missing = all.filter((hint) => hint.addresses.length === 0);
  if (hints.length === 0) return { hints, errors: [nothingIn(file)], warnings: [] };
  return { hints, errors, warnings: missing.map(({ name, place }) => withoutAddress(name, place)) };
}

function addAddress(addresses: Map<string, Set<string>>, { name, rdata }: Rr): void {
  const key = nameKey(name);
  const set = addresses.get(key) ?? new Set();
  addresses.set(key, set.add(addressToText(rdata)));
}

function nothingIn(file: string): ZoneError {
  const message =
    'no server of the root with an address; write lines such as ". NS ns.root." and "ns.root. A 192.0.2.1"';
  return { file, line: 1, column: 1, message };
}

function withoutAddress(name: Name, { file, line }: Place): ZoneError {
  const message = `${nameToText(name)} has no address here and is not asked; add its A or AAAA record`;
  return { file, line, column: 1, message };
}

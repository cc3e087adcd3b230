import { TYPE } from '../wire/constants.ts';
import { type Name, nameKey, nameToText, ROOT } from '../wire/name.ts';
import { typeToText } from '../wire/rdata/table.ts';
import type { Rr } from '../wire/record.ts';
import { type Place, parseZone, type ZoneError } from '../wire/text/zonefile.ts';
import { type AlgorithmTable, algorithmToText } from './algorithm.ts';
import { compareOctets } from './canonical.ts';
import { whyUnsupported } from './ds.ts';
import { readDnskey } from './key.ts';

/** Where a chain of trust begins. */
export interface FileAnchor {
  readonly zone: Name;
  /** rdata */
  readonly ds: readonly Uint8Array[];
  /** rdata */
  readonly dnskey: readonly Uint8Array[];
}

export interface AnchorFile {
  /** In the order of the file, one for each zone. */
  readonly anchors: readonly FileAnchor[];
  /** What is wrong, where, and what would be right; any of them makes the file unfit. */
  readonly errors: readonly ZoneError[];
}

const EXAMPLE = 'example. DS 12345 13 2 49FD46E6C4B45C55…';

/** States of keys in a file that Unbound keeps (RFC 5011 section 4): VALID and MISSING ones are trusted. */
const STATE = /;;state=([0-9])/;
const TRUSTED_STATES = ['2', '3'];

/**
 * Reads DS and DNSKEY records of any zones in zone-file form: IANA's, what `dig` and `dnssec-dsfromkey` print, and the
 * files that Unbound keeps. Names are absolute and TTLs mean nothing.
 */
export function readAnchors(text: string, file: string, algorithms: AlgorithmTable): AnchorFile {
  const bind = lineOfBind(text);
  if (bind !== undefined)
    return { anchors: [], errors: [{ file, line: bind, column: 1, message: BIND_HINT }] };
  const reader = new Reader(algorithms);
  const errors = parseZone(withoutUntrusted(text), {
    origin: ROOT,
    file,
    defaultTtl: 0,
    onRecord: (rr, place) => reader.add(rr, place),
  });
  const all = [...errors, ...reader.errors, ...reader.zoneErrors()].sort((a, b) => a.line - b.line);
  if (all.length === 0 && reader.anchors.length === 0) all.push(emptyFile(file));
  return { anchors: reader.anchors, errors: all };
}

/** Unbound's file also has keys that wait to be trusted, each in one line with its state in a comment. */
function withoutUntrusted(text: string): string {
  const lines = text.split('\n').map((line) => {
    const state = STATE.exec(line)?.[1];
    return state === undefined || TRUSTED_STATES.includes(state) ? line : '';
  });
  return lines.join('\n');
}

const BIND_CLAUSE = /^[ \t]*(?:trust-anchors|trusted-keys|managed-keys)\s*\{/m;
const BIND_HINT = `BIND's notation is not read; write each anchor as a record, as in: ${EXAMPLE}`;

/** The line of BIND's clause of anchors: one error for the file is clearer than one for each line. */
function lineOfBind(text: string): number | undefined {
  const at = BIND_CLAUSE.exec(text)?.index;
  return at === undefined ? undefined : text.slice(0, at).split('\n').length;
}

function emptyFile(file: string): ZoneError {
  const message =
    'no trust anchor; write a DS or DNSKEY record, as in: example. DS 12345 13 2 49FD46E6C4B45C55…';
  return { file, line: 1, column: 1, message };
}

interface Growing {
  readonly zone: Name;
  readonly ds: Uint8Array[];
  readonly dnskey: Uint8Array[];
  readonly place: Place;
}

class Reader {
  readonly errors: ZoneError[] = [];
  readonly #zones = new Map<string, Growing>();
  readonly #algorithms: AlgorithmTable;

  constructor(algorithms: AlgorithmTable) {
    this.#algorithms = algorithms;
  }

  get anchors(): FileAnchor[] {
    return [...this.#zones.values()].map(({ zone, ds, dnskey }) => ({ zone, ds, dnskey }));
  }

  add(rr: Rr, place: Place): void {
    const fault = this.#faultOf(rr);
    if (fault !== undefined) {
      this.#report(place, `${nameToText(rr.name)}: ${fault}`);
      return;
    }
    const zone = this.#zone(rr.name, place);
    const list = rr.type === TYPE.DS ? zone.ds : zone.dnskey;
    if (!list.some((rdata) => compareOctets(rdata, rr.rdata) === 0)) list.push(rr.rdata);
  }

  /** A zone whose anchors are all of no use would be insecure, which is not what an anchor is written for. */
  zoneErrors(): ZoneError[] {
    return [...this.#zones.values()].flatMap(({ zone, ds, dnskey, place }) => {
      const why = whyUnsupported({ ds, dnskey }, this.#algorithms)?.why;
      return why === undefined ? [] : [{ ...place, column: 1, message: `${nameToText(zone)}: ${why}` }];
    });
  }

  #report(place: Place, message: string): void {
    this.errors.push({ ...place, column: 1, message });
  }

  #zone(name: Name, place: Place): Growing {
    const key = nameKey(name);
    const zone = this.#zones.get(key) ?? { zone: name, ds: [], dnskey: [], place };
    this.#zones.set(key, zone);
    return zone;
  }

  #faultOf({ type, rdata }: Rr): string | undefined {
    switch (type) {
      case TYPE.DS:
        return undefined;
      case TYPE.DNSKEY:
        return this.#keyFault(rdata);
      default:
        return `${typeToText(type)} is no trust anchor; DS and DNSKEY records are`;
    }
  }

  #keyFault(rdata: Uint8Array): string | undefined {
    const key = readDnskey(rdata);
    if (key === undefined) return 'DNSKEY of another protocol than 3';
    if (!key.isZoneKey) return `DNSKEY with flags ${key.flags}, without the zone bit; 257 and 256 have it`;
    if (key.isRevoked) return `DNSKEY ${key.tag} is revoked`;
    const algorithm = this.#algorithms.get(key.algorithm);
    if (algorithm === undefined || algorithm.importKey(key.publicKey) !== undefined) return undefined;
    return `DNSKEY ${key.tag}: not a public key of ${algorithmToText(key.algorithm)}, or too short or long`;
  }
}

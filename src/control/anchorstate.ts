import * as z from 'zod';
import { readDs } from '../dnssec/ds.ts';
import { readDnskey } from '../dnssec/key.ts';
import type { TrackedKey, TrustPoint } from '../dnssec/rollover.ts';
import { TextError } from '../wire/error.ts';
import { nameFromText, nameToText } from '../wire/name.ts';
import { StateFile } from './statefile.ts';

/** A zone whose anchors are followed (RFC 5011), as it is kept over restarts. Times are seconds of the wall clock. */
export interface FollowedZone {
  readonly point: TrustPoint;
  /** `anchorDigest` of what the configuration says of the zone: with another one all begins anew. */
  readonly configured: string;
  /** Of the last look at its keys; undefined: there was none. */
  readonly lookedAt: number | undefined;
  /** Of the last one that validated. */
  readonly validatedAt: number | undefined;
  /** Seconds from the last look to the next. */
  readonly wait: number;
  /** The same where a look fails. */
  readonly retry: number;
}

/** Its place in the state folder. */
const FILE_NAME = 'anchors.json';
/** A zone with 64 keys of 4096 bits takes 50 KB. */
const OCTETS_MAX = 4 * 1024 * 1024;
const FORMAT = 'causeway trust anchors';
const VERSION = 1;

const seconds = z.int().min(0);
const octets = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const ds = octets.refine((rdata) => readDs(rdata) !== undefined, 'no DS record');
const name = z.string().transform((text, context) => {
  try {
    return nameFromText(text);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    context.addIssue(`no domain name: ${error.message}`);
    return z.NEVER;
  }
});

const keySchema = z
  .strictObject({
    /** For whoever reads the file; and it shows where somebody wrote in it. */
    tag: z.int(),
    dnskey: octets,
    state: z.enum(['addpend', 'valid', 'missing', 'revoked', 'removed']),
    since: seconds,
    held: seconds,
    holdDown: seconds,
    ds: z.array(ds),
  })
  .refine(({ dnskey, tag }) => {
    const key = readDnskey(dnskey);
    return key !== undefined && !key.isRevoked && key.tag === tag;
  }, 'the DNSKEY record is not the one with this tag');

const fileSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  zones: z.array(
    z.strictObject({
      zone: name,
      configured: z.string(),
      lookedAt: seconds.optional(),
      validatedAt: seconds.optional(),
      wait: seconds,
      retry: seconds,
      ds: z.array(ds),
      keys: z.array(keySchema),
    }),
  ),
});

export function stateToText(zones: Iterable<FollowedZone>): string {
  const file: z.input<typeof fileSchema> = {
    format: FORMAT,
    version: VERSION,
    zones: [...zones].map(({ point, ...rest }) => ({
      zone: nameToText(point.zone),
      ...rest,
      ds: point.ds.map(base64),
      keys: point.keys.map(keyToJson),
    })),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function keyToJson({ rdata, state, ds, ...rest }: TrackedKey): z.input<typeof keySchema> {
  // A key in `start` is none: it is not tracked.
  const kept = state as z.input<typeof keySchema>['state'];
  return { tag: readDnskey(rdata)!.tag, dnskey: base64(rdata), state: kept, ...rest, ds: ds.map(base64) };
}

function base64(rdata: Uint8Array): string {
  return Buffer.from(rdata).toString('base64');
}

/** Throws Error for what this program has not written. */
export function stateFromText(text: string): FollowedZone[] {
  const { data, error } = fileSchema.safeParse(JSON.parse(text));
  if (error !== undefined) {
    const issue = error.issues[0]!;
    throw new Error(`${issue.path.join('.') || 'the file'}: ${issue.message}`);
  }
  return data.zones.map(({ zone, ds, keys, lookedAt, validatedAt, ...rest }) => ({
    ...rest,
    lookedAt,
    validatedAt,
    point: { zone, ds, keys: keys.map(({ dnskey, tag: _, ...key }) => ({ ...key, rdata: dnskey })) },
  }));
}

/** The file of the state folder in which the zones are kept. */
export class AnchorStateFile {
  readonly #file: StateFile;

  constructor(folder: string) {
    this.#file = new StateFile(folder, FILE_NAME, OCTETS_MAX);
  }

  get path(): string {
    return this.#file.path;
  }

  /** Nothing where there is no file. Throws Error where it cannot be read, or is not ours. */
  read(): FollowedZone[] {
    const text = this.#file.read();
    return text === undefined ? [] : stateFromText(text);
  }

  /** All of it or nothing, whenever the power fails. Throws Error. */
  write(zones: Iterable<FollowedZone>): void {
    this.#file.write(stateToText(zones));
  }

  /** Moves the file where the next `write` leaves it alone; returns that path. Throws Error. */
  setAside(wall: number): string {
    return this.#file.setAside(wall);
  }
}

import { statSync } from 'node:fs';
import * as z from 'zod';
import type { Logger } from '../../telemetry/log.ts';
import { isoFromWall } from '../../telemetry/text.ts';
import type { Clock } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import { StateFile } from '../statefile.ts';

/** Its place in the state folder. */
export const KEYS_NAME = 'access-keys.json';
const KEYS_MAX = 1000;
const OCTETS_MAX = 1024 * 1024;
const ZONES_MAX = 100;

export const accountId = z.string().regex(/^\d{12}$/, { message: 'an account is 12 digits' });
/** What a key may do: read everything, change the records of some zones, or do everything. */
export const SCOPES = ['read', 'zones', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Whom a new key is for. */
export const keyRequest = z
  .strictObject({
    scope: z.enum(SCOPES),
    account: accountId.optional(),
    zones: z
      .array(z.string().regex(/^Z[A-Z0-9]{1,31}$/))
      .max(ZONES_MAX)
      .default([]),
  })
  .refine(({ scope, zones }) => (scope === 'zones') === zones.length > 0, {
    message: 'scope zones goes with ids of hosted zones, and no other scope does',
    path: ['zones'],
  });
export type KeyRequest = z.output<typeof keyRequest>;

const accessKey = z.strictObject({
  accessKeyId: z.string().regex(/^[A-Z0-9]{20}$/),
  secretAccessKey: z.string().regex(/^[A-Za-z0-9+/]{40}$/),
  account: accountId,
  scope: z.enum(SCOPES),
  zones: z.array(z.string()).max(ZONES_MAX),
  created: z.string().max(30),
});
export type AccessKey = z.output<typeof accessKey>;
/** A key as it may be shown. */
export type ShownKey = Omit<AccessKey, 'secretAccessKey'>;

const keysFile = z.strictObject({ version: z.literal(1), keys: z.array(accessKey).max(KEYS_MAX) });

/** The file of the keys is not what it must be, or cannot be written. */
export class KeysError extends Error {
  override readonly name = 'KeysError';
}

/**
 * The access keys, in a file of the state folder that its owner alone may read: a signature can be checked only by who
 * knows the secret, so it is not hashed. What another process writes there holds from the next request on; a file that is
 * not right changes nothing.
 */
export class Keys {
  readonly #file: StateFile;
  readonly #clock: Clock;
  readonly #prng: Prng;
  readonly #log: Pick<Logger, 'error'> | undefined;
  #keys: ReadonlyMap<string, AccessKey> = new Map();
  /** Of the file that was read last. */
  #mark = '';
  #fault: string | undefined;

  constructor(options: {
    readonly folder: string;
    readonly clock: Clock;
    readonly prng: Prng;
    readonly log?: Pick<Logger, 'error'>;
  }) {
    this.#file = new StateFile(options.folder, KEYS_NAME, OCTETS_MAX);
    this.#clock = options.clock;
    this.#prng = options.prng;
    this.#log = options.log;
  }

  find(accessKeyId: string): AccessKey | undefined {
    this.#follow();
    return this.#keys.get(accessKeyId);
  }

  /** Without their secrets. Throws KeysError. */
  list(): ShownKey[] {
    this.#followOrThrow();
    return [...this.#keys.values()].map(({ secretAccessKey: _, ...shown }) => shown);
  }

  /** Throws KeysError. */
  create({ scope, zones }: KeyRequest, account: string): AccessKey {
    this.#followOrThrow();
    if (this.#keys.size >= KEYS_MAX) throw new KeysError(`there are ${KEYS_MAX} keys already`);
    const key: AccessKey = {
      accessKeyId: `CWAK${this.#text(16, ID_ALPHABET)}`,
      secretAccessKey: this.#text(40, SECRET_ALPHABET),
      account,
      scope,
      zones,
      created: isoFromWall(this.#clock.wall()),
    };
    this.#write([...this.#keys.values(), key]);
    return key;
  }

  /** False where there is no such key. Throws KeysError. */
  delete(accessKeyId: string): boolean {
    this.#followOrThrow();
    if (!this.#keys.has(accessKeyId)) return false;
    this.#write([...this.#keys.values()].filter((key) => key.accessKeyId !== accessKeyId));
    return true;
  }

  #write(keys: readonly AccessKey[]): void {
    try {
      this.#file.write(`${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
    } catch (error) {
      throw new KeysError(`${this.#file.path} cannot be written: ${(error as Error).message}`);
    }
    this.#follow();
  }

  #followOrThrow(): void {
    this.#follow();
    if (this.#fault !== undefined) throw new KeysError(`${this.#file.path}: ${this.#fault}`);
  }

  /** Reads the file where it is another than before; a look costs microseconds. */
  #follow(): void {
    const mark = markOf(this.#file.path);
    if (mark === this.#mark) return;
    this.#mark = mark;
    try {
      this.#keys = readKeys(this.#file);
      this.#fault = undefined;
    } catch (error) {
      this.#fault = (error as Error).message;
      this.#log?.error(
        { file: this.#file.path, fault: this.#fault },
        'the access keys are not read; those before hold',
      );
    }
  }

  #text(length: number, alphabet: string): string {
    return Array.from({ length }, () => alphabet[this.#prng.below(alphabet.length)]!).join('');
  }
}

const ID_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const SECRET_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Changes with every change of the file. */
function markOf(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? '' : String(code);
  }
}

/** Throws Error with what is wrong. */
function readKeys(file: StateFile): ReadonlyMap<string, AccessKey> {
  const mode = statSync(file.path, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) !== 0) throw new Error('others may read it; chmod 600, and make new keys');
  const text = file.read();
  if (text === undefined) return new Map();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
  const read = keysFile.safeParse(value);
  // What stands there is not told: it may be a secret.
  if (!read.success)
    throw new Error(`it is not a file of access keys: ${read.error.issues[0]!.path.join('.')}`);
  return new Map(read.data.keys.map((key) => [key.accessKeyId, key]));
}

import type { Prng } from '../util/prng.ts';
import { OPTION } from '../wire/constants.ts';
import { CLIENT_COOKIE_OCTETS } from '../wire/cookie.ts';
import type { EdnsOption } from '../wire/edns.ts';
import { octetsEqual } from '../wire/octets.ts';

/** Octets of a server's half, the least and the most (RFC 7873 section 4). */
const SERVER_OCTETS_MIN = 8;
const SERVER_OCTETS_MAX = 32;
/** Our half is used for that long, as RFC 7873 section 7.1 asks (26 hours), so that it tracks nobody for longer. */
const LIFETIME_MS = 24 * 3_600_000;
/** A server that stopped sending cookies is not expected to send them for that long, and one that refuses ours gets none. */
const LOST_MS = 3_600_000;
/** Source addresses with a cookie of their own at one server; the longest known goes first. */
const SOURCES_MAX = 8;

/**
 * Our cookie at one server (RFC 7873): 64 bits that a forger who sees no packets cannot know. RFC 9018 section 3
 * allows a hash of the server's address; a random number of its own needs no secret to be kept and renewed.
 */
export class ClientCookie {
  readonly client: Uint8Array;
  readonly madeAt: number;
  #server: Uint8Array | undefined = undefined;
  /** Made when it is sent first, and when the server's half is another one. */
  #option: EdnsOption | undefined = undefined;
  #lostUntil = Number.NEGATIVE_INFINITY;

  constructor(now: number, prng: Prng) {
    this.madeAt = now;
    this.client = prng.fill(new Uint8Array(CLIENT_COOKIE_OCTETS));
  }

  /** The server has sent cookies: its replies without one are suspect. */
  expected(now: number): boolean {
    return this.#server !== undefined && now >= this.#lostUntil;
  }

  learn(server: Uint8Array): void {
    const known = this.#server;
    if (known?.length === server.length && octetsEqual(known, server)) return;
    this.#server = server;
    this.#option = undefined;
  }

  /** By TCP, where nobody forges, it sent none either. */
  lost(now: number): void {
    this.#lostUntil = now + LOST_MS;
  }

  option(): EdnsOption {
    return (this.#option ??= this.#makeOption());
  }

  #makeOption(): EdnsOption {
    const server = this.#server;
    const data = new Uint8Array(this.client.length + (server?.length ?? 0));
    data.set(this.client);
    if (server !== undefined) data.set(server, this.client.length);
    return { code: OPTION.COOKIE, data };
  }
}

/** The cookies of one server, by our address: its half is bound to it (RFC 9018 section 4.4). */
export class ClientCookies {
  readonly #bySource = new Map<string, ClientCookie>();
  #refusedUntil = Number.NEGATIVE_INFINITY;

  /** By TCP, where nobody forges, the server refused a question with a cookie and answered the same without. */
  refused(now: number): void {
    this.#refusedUntil = now + LOST_MS;
  }

  areTaken(now: number): boolean {
    return now >= this.#refusedUntil;
  }

  /** `source`: undefined where the kernel chooses. */
  of(source: string | undefined, now: number, prng: Prng): ClientCookie {
    const key = source ?? '';
    const known = this.#bySource.get(key);
    if (known !== undefined && now - known.madeAt < LIFETIME_MS) return known;
    this.#bySource.delete(key);
    for (const oldest of this.#bySource.keys())
      if (this.#bySource.size >= SOURCES_MAX) this.#bySource.delete(oldest);
    const made = new ClientCookie(now, prng);
    this.#bySource.set(key, made);
    return made;
  }
}

/** What the COOKIE option of a reply says: with our half before it, the server's; `foreign`: someone else's. */
export type CookieEcho =
  | { readonly kind: 'ours'; readonly server: Uint8Array }
  | { readonly kind: 'absent' }
  | { readonly kind: 'foreign' };

export function readCookieEcho(option: Uint8Array | undefined, client: Uint8Array): CookieEcho {
  if (option === undefined) return { kind: 'absent' };
  if (!octetsEqual(client, option)) return { kind: 'foreign' };
  const server = option.slice(client.length);
  // Some servers send back what they do not know.
  if (server.length === 0) return { kind: 'absent' };
  const fits = server.length >= SERVER_OCTETS_MIN && server.length <= SERVER_OCTETS_MAX;
  return fits ? { kind: 'ours', server } : { kind: 'foreign' };
}

import { assert } from '../util/assert.ts';
import { unmapped } from '../util/cidr.ts';
import type { Clock } from '../util/clock.ts';
import { type HashSeed, keyedHash, keyedHashOfWord } from '../util/hash.ts';

/**
 * Limits the replies that go to one address and to the networks around it, so that a flood of queries with forged
 * sources is not made larger by us and aimed at them. What is counted is only the source: a limit on names would
 * be evaded with random ones. The caller exempts who has shown where it is: TCP, valid cookies.
 *
 * Each prefix of the source has a leaky bucket: `busy` is the time at which it will have drained. A reply adds
 * 1000 / (rate × multiple) milliseconds; where that would go beyond burst / rate seconds from now, the reply is
 * limited. The span is the same for all prefixes, so buckets compare by `busy` alone, and there is nothing to do
 * as time passes. A limited reply adds nothing: a flood neither uses up its neighbours' share nor its own next
 * second.
 *
 *     buffer  │ f64 busy × capacity │ i32 tag × capacity │ u8 turn × capacity │     sets of 8 ways
 *
 * The table never grows: a prefix that is not there takes the way of its set that drains first, so that sources
 * that come once push out each other and not those that flood. The hash is keyed, so nobody can aim at a set.
 *
 * Threads may share the buffer, without Atomics: two that write one bucket in the same moment lose one reply's
 * worth, and a mixed-up bucket is wrong for `burst / rate` seconds. For a limit that is a guess at "too much"
 * either is nothing, and cheaper than 4 locked operations a packet. Time is wall time, as the threads' monotonic
 * clocks have different starts; where it is set back, buckets start empty.
 */
export class RateLimit {
  readonly buffer: SharedArrayBuffer;
  readonly #busy: Float64Array;
  readonly #tags: Int32Array;
  readonly #turns: Uint8Array;
  readonly #setsPerHash: number;
  readonly #seed: HashSeed;
  readonly #clock: Clock;
  readonly #prefix = new Uint8Array(1 + 16);
  /** Ways of the prefixes of the source at hand. */
  readonly #ways = new Int32Array(Math.max(IPV4_PREFIXES.lengths.length, IPV6_PREFIXES.lengths.length));
  #settings: RateLimitSettings = { ratePerSecond: 0, burst: 1, slip: 0 };
  /** Milliseconds that a bucket may be busy ahead, and that one reply to one address takes. */
  #span = 0;
  #cost = 0;

  /** Threads that share a `buffer` (of `rateLimitBytes(capacity)` octets) must share the seed as well. */
  constructor(options: {
    clock: Clock;
    seed: HashSeed;
    settings: RateLimitSettings;
    capacity?: number;
    buffer?: SharedArrayBuffer;
  }) {
    const { clock, seed, settings, capacity = CAPACITY } = options;
    assert(capacity >= WAYS && capacity % WAYS === 0, 'whole sets');
    this.buffer = options.buffer ?? new SharedArrayBuffer(rateLimitBytes(capacity));
    assert(this.buffer.byteLength === rateLimitBytes(capacity), 'a buffer for this capacity');
    this.#busy = new Float64Array(this.buffer, 0, capacity);
    this.#tags = new Int32Array(this.buffer, capacity * 8, capacity);
    this.#turns = new Uint8Array(this.buffer, capacity * 12, capacity);
    this.#setsPerHash = capacity / WAYS / 2 ** 32;
    this.#seed = seed;
    this.#clock = clock;
    this.configure(settings);
  }

  /** Takes other settings for the same table. */
  configure(settings: RateLimitSettings): void {
    assert(settings.burst >= 1 && settings.slip >= 0, 'burst from 1, slip from 0');
    this.#settings = settings;
    this.#span = settings.ratePerSecond > 0 ? (1000 * settings.burst) / settings.ratePerSecond : 0;
    this.#cost = this.#span / settings.burst;
  }

  /**
   * Whether one more reply to `address` (4 or 16 octets) may go: `pass`, and it is counted; `slip`: send it
   * truncated and no larger than the query, so that an honest client comes by TCP; `drop`: say nothing.
   */
  check(address: Uint8Array): RateVerdict {
    if (this.#span === 0) return 'pass';
    const now = this.#clock.wall();
    const full = now + this.#span;
    const source = unmapped(address);
    const isIpv4 = source.length === 4;
    const { lengths, multiples } = isIpv4 ? IPV4_PREFIXES : IPV6_PREFIXES;
    const levels = lengths.length;
    const word = source[0]! | (source[1]! << 8) | (source[2]! << 16) | (source[3]! << 24);
    // Widest first: where a network is limited, its addresses take no room in the table.
    for (let level = 0; level < levels; level++) {
      const hash = isIpv4
        ? keyedHashOfWord(this.#seed, word & IPV4_MASKS[level]!, level)
        : this.#hashPrefix(source, lengths[level]!, IPV6_LEVELS + level);
      const way = this.#wayOf(hash);
      this.#ways[level] = way;
      const busy = this.#busy[way]!;
      // Only where the clock was set back, or the settings changed: start again.
      if (busy > full + this.#cost) this.#busy[way] = now;
      // Half a reply of slack: sums of fractions are not exact.
      else if (busy > full - this.#cost / multiples[level]! / 2) return this.#limited(way);
    }
    for (let level = 0; level < levels; level++) {
      const way = this.#ways[level]!;
      const busy = this.#busy[way]!;
      this.#busy[way] = (busy > now ? busy : now) + this.#cost / multiples[level]!;
    }
    return 'pass';
  }

  /** Every `slip`th limited reply of a bucket slips: counted in the bucket, so that nobody gets another's turn. */
  #limited(way: number): RateVerdict {
    const { slip } = this.#settings;
    if (slip === 0) return 'drop';
    const turn = (this.#turns[way]! + 1) % Math.min(slip, SLIP_MAX);
    this.#turns[way] = turn;
    return turn === 0 ? 'slip' : 'drop';
  }

  #hashPrefix(source: Uint8Array, bits: number, level: number): number {
    const octets = bits >> 3;
    const prefix = this.#prefix;
    prefix[0] = level;
    for (let i = 0; i < octets; i++) prefix[1 + i] = source[i]!;
    if ((bits & 7) === 0) return keyedHash(this.#seed, prefix, 0, 1 + octets);
    prefix[1 + octets] = source[octets]! & (0xff00 >> (bits & 7));
    return keyedHash(this.#seed, prefix, 0, 2 + octets);
  }

  /** The way of this prefix, made its own if it had none. */
  #wayOf(hash: number): number {
    const first = (((hash >>> 0) * this.#setsPerHash) | 0) * WAYS;
    let soonest = first;
    for (let way = first; way < first + WAYS; way++) {
      if (this.#tags[way] === hash) return way;
      if (this.#busy[way]! < this.#busy[soonest]!) soonest = way;
    }
    this.#tags[soonest] = hash;
    this.#busy[soonest] = 0;
    this.#turns[soonest] = 0;
    return soonest;
  }
}

export type RateVerdict = 'pass' | 'slip' | 'drop';

export interface RateLimitSettings {
  /** Replies a second to one address, in the long run. 0: no limit. */
  readonly ratePerSecond: number;
  /** Replies at once to one address that was silent before. */
  readonly burst: number;
  /** Of the limited replies each `slip`th is sent truncated; 1: each, 0: none. At most 255. */
  readonly slip: number;
}

const SLIP_MAX = 255;

/** Octets of the table for so many prefixes. */
export function rateLimitBytes(capacity = CAPACITY): number {
  return capacity * 13;
}

/**
 * Prefixes of a source, the widest first, and how many times the limit of one address each has. As in Knot DNS:
 * a /24 may hold 32 busy clients, wider ones grow slower than they have addresses. Knot's /18 is a /16 here.
 */
const IPV4_PREFIXES: Prefixes = { lengths: [16, 20, 24, 32], multiples: [1024, 256, 32, 1] };
/** Of an address whose first octet is the lowest. */
const IPV4_MASKS = [0x0000ffff, 0x00f0ffff, 0x00ffffff, -1] as const;
/** One host has a /64, one site a /56 or /48, one provider a /32: forged addresses cost nothing within them. */
const IPV6_PREFIXES: Prefixes = { lengths: [32, 48, 56, 64, 128], multiples: [64, 4, 3, 2, 1] };

interface Prefixes {
  readonly lengths: readonly number[];
  readonly multiples: readonly number[];
}
/** Keeps IPv6 levels apart from IPv4 levels in the hash. */
const IPV6_LEVELS = 8;
const WAYS = 8;
/** 1.7 MB: with 4 or 5 prefixes a source, about 30,000 sources at a time; a home or an office has far fewer. */
const CAPACITY = 131072;

/**
 * Questions as the clients of a large network ask them, in the format of `dnsperf -B`: a length of two octets before
 * each message. Of a million names some are asked for often and most hardly ever (Zipf); each fifth question is for a
 * name that was never asked for. Every one has OPT with DO, a client cookie of its own, and letters of random case.
 */

import { type Prng, SeededPrng } from '../../src/util/prng.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { WILD } from './zone.ts';

/** Names that have a rank. */
const NAMES = 1_000_000;
/** Questions of one stream. */
export const QUESTIONS = 200_000;
/** Of them each so many is for a name that nobody asked for before. */
export const FRESH_EVERY = 5;
/** Share of each type, percent: about what resolvers of access networks see. */
const SHARES = [
  [TYPE.A, 56],
  [TYPE.AAAA, 22],
  [TYPE.HTTPS, 15],
  [TYPE.TXT, 4],
  [TYPE.MX, 3],
] as const;
const TYPES = SHARES.flatMap(([type, share]) => Array<number>(share).fill(type));
/** The largest question of a stream, with its length: names are short. */
const OCTETS_MAX = 128;
const PAYLOAD = 1232;
const SEED = 20_260_101;

/** A popular question: the same for each stream, so that the first stream leaves its answer in the cache. */
interface Question {
  readonly name: string;
  readonly type: number;
}

/** Makes streams whose popular questions are equal, and whose one-time names are not. */
export class Streams {
  readonly #popular: readonly Question[];
  readonly #prng: Prng = new SeededPrng(SEED);
  #fresh = 0;

  constructor() {
    const rank = zipf(NAMES, this.#prng);
    this.#popular = Array.from({ length: QUESTIONS - QUESTIONS / FRESH_EVERY }, () => ({
      name: rankedName(rank()),
      type: this.#type(),
    }));
  }

  /** Different popular questions. */
  get distinct(): number {
    return new Set(this.#popular.map(({ name, type }) => `${name} ${type}`)).size;
  }

  /** The popular questions alone: after them a cache has all that it can have. */
  warmUp(): Buffer {
    return writeQueries(this.#popular.length, (i) => this.#popular[i]!, this.#prng);
  }

  /** All questions. */
  next(): Buffer {
    const question = (i: number): Question => {
      const turn = Math.floor(i / FRESH_EVERY);
      if (i % FRESH_EVERY === 0) return { name: `once-${this.#fresh++}.${WILD}`, type: this.#type() };
      return this.#popular[i - turn - 1]!;
    };
    return writeQueries(QUESTIONS, question, this.#prng);
  }

  #type(): number {
    return typeOf(this.#prng);
  }
}

/** Questions for `count` different names, from number `from` on, each once. */
export function distinctMix(from: number, count: number): Buffer {
  const prng = new SeededPrng(SEED);
  return writeQueries(count, (i) => ({ name: `host-${from + i}.${WILD}`, type: typeOf(prng) }), prng);
}

function writeQueries(count: number, question: (i: number) => Question, prng: Prng): Buffer {
  const out = Buffer.alloc(count * OCTETS_MAX);
  let at = 0;
  for (let i = 0; i < count; i++) at = writeQuery(out, at, question(i), prng);
  return out.subarray(0, at);
}

function typeOf(prng: Prng): number {
  return TYPES[prng.below(TYPES.length)]!;
}

/** Ranks from 0, each as likely as 1 / (rank + 1). */
function zipf(count: number, prng: Prng): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1);
  return () => {
    const wanted = (prng.u32() / 2 ** 32) * sum;
    let low = 0;
    for (let high = count - 1; low < high; ) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Some labels more or less, so that names differ in length as real ones do. */
function rankedName(rank: number): string {
  const heads = ['www.', '', 'api.', 'static.cdn.', 'login.eu-west.'];
  return `${heads[rank % heads.length]}site-${rank}.${WILD}`;
}

function writeQuery(out: Buffer, start: number, { name, type }: Question, prng: Prng): number {
  let at = start + 2;
  // The ID is dnsperf's; RD; one question, one additional record.
  out.writeUInt16BE(0x0100, at + 2);
  out.writeUInt16BE(1, at + 4);
  out.writeUInt16BE(1, at + 10);
  at = writeName(out, at + 12, name, prng);
  out.writeUInt16BE(type, at);
  out.writeUInt16BE(1, at + 2);
  at += 4;
  // OPT: root, type, payload, version 0, DO, and the cookie of 8 octets as its only option.
  out.writeUInt16BE(TYPE.OPT, at + 1);
  out.writeUInt16BE(PAYLOAD, at + 3);
  out.writeUInt16BE(0x8000, at + 7);
  out.writeUInt16BE(12, at + 9);
  out.writeUInt16BE(10, at + 11);
  out.writeUInt16BE(8, at + 13);
  out.writeUInt32BE(prng.u32(), at + 15);
  out.writeUInt32BE(prng.u32(), at + 19);
  at += 23;
  out.writeUInt16BE(at - start - 2, start);
  return at;
}

function writeName(out: Buffer, start: number, name: string, prng: Prng): number {
  let at = start;
  let bits = 0;
  for (const label of name.slice(0, -1).split('.')) {
    out[at++] = label.length;
    for (let i = 0; i < label.length; i++) {
      if (i % 32 === 0) bits = prng.u32();
      const code = label.charCodeAt(i);
      const isLetter = code >= 0x61 && code <= 0x7a;
      out[at++] = isLetter && (bits & 1) === 1 ? code - 0x20 : code;
      bits >>>= 1;
    }
  }
  out[at] = 0;
  return at + 1;
}

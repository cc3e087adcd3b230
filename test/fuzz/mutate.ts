import type { Prng } from '../../src/util/prng.ts';

/** Octets that mean something in messages: lengths, label types, pointers, and the ends of ranges. */
const TELLING = [0x00, 0x01, 0x04, 0x0c, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xfe, 0xff];
const MESSAGE_OCTETS_MAX = 65535;
/** Long inputs cost the most time to read and are made at this rate, one in so many. */
const INFLATED_EVERY = 100;
const MUTATIONS_MAX = 6;

type Mutation = (input: Uint8Array, prng: Prng, pool: readonly Uint8Array[]) => Uint8Array;

/** One of `pool`, changed in one to six ways. At most 65,535 octets. */
export function mutateMessage(pool: readonly Uint8Array[], prng: Prng): Uint8Array {
  let input: Uint8Array = pick(pool, prng).slice();
  for (let i = prng.below(MUTATIONS_MAX) + 1; i > 0; i--) input = pick(MUTATIONS, prng)(input, prng, pool);
  if (prng.below(INFLATED_EVERY) === 0) input = inflate(input, prng);
  return input.subarray(0, MESSAGE_OCTETS_MAX);
}

export function pick<T>(list: readonly T[], prng: Prng): T {
  return list[prng.below(list.length)]!;
}

/** A position in the input, or 0 where it is empty. */
function place(input: Uint8Array, prng: Prng): number {
  return input.length === 0 ? 0 : prng.below(input.length);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

const flipBit: Mutation = (input, prng) => {
  const at = place(input, prng);
  if (at < input.length) input[at]! ^= 1 << prng.below(8);
  return input;
};

const setOctet: Mutation = (input, prng) => {
  const at = place(input, prng);
  if (at < input.length) input[at] = prng.below(4) === 0 ? prng.below(256) : pick(TELLING, prng);
  return input;
};

/** A length octet, or half of RDLENGTH, a little too long or too short. */
const nudge: Mutation = (input, prng) => {
  const at = place(input, prng);
  if (at < input.length) input[at]! += pick([-2, -1, 1, 2], prng);
  return input;
};

const truncate: Mutation = (input, prng) => input.slice(0, place(input, prng));

const extend: Mutation = (input, prng) => join(input, prng.fill(new Uint8Array(prng.below(20))));

/** A compression pointer over two octets: near, far, into the header, at itself. */
const pointer: Mutation = (input, prng) => {
  const at = place(input, prng);
  if (at + 2 > input.length) return input;
  const target = pick(
    [prng.below(input.length), prng.below(0x4000), 12, at, Math.max(0, at - 2), at + 2],
    prng,
  );
  input[at] = 0xc0 | ((target >> 8) & 0x3f);
  input[at + 1] = target & 0xff;
  return input;
};

/** Counts of the header and every other 16-bit field. */
const count: Mutation = (input, prng) => {
  const at = prng.below(2) === 0 ? 4 + 2 * prng.below(4) : place(input, prng);
  if (at + 2 > input.length) return input;
  const value = pick([0, 1, 2, 3, 255, 256, 0x7fff, 0xffff, prng.below(20)], prng);
  input[at] = value >> 8;
  input[at + 1] = value & 0xff;
  return input;
};

const remove: Mutation = (input, prng) => {
  const from = place(input, prng);
  const to = Math.min(input.length, from + 1 + prng.below(20));
  return join(input.subarray(0, from), input.subarray(to));
};

/** A piece of another seed, in between. */
const splice: Mutation = (input, prng, pool) => {
  const other = pick(pool, prng);
  const from = place(other, prng);
  const piece = other.subarray(from, from + prng.below(60));
  const at = place(input, prng);
  return join(input.subarray(0, at), piece, input.subarray(at));
};

const cross: Mutation = (input, prng, pool) => {
  const other = pick(pool, prng);
  return join(input.subarray(0, place(input, prng)), other.subarray(place(other, prng)));
};

const MUTATIONS = [flipBit, setOctet, nudge, truncate, extend, pointer, count, remove, splice, cross];

/** A piece repeated up to the longest message, with counts that ask for as many records. */
function inflate(input: Uint8Array, prng: Prng): Uint8Array {
  const from = Math.min(12, input.length) + place(input.subarray(12), prng);
  const piece = input.subarray(from, from + 1 + prng.below(40));
  if (piece.length === 0) return input;
  const parts = [input];
  const length = 1000 + prng.below(MESSAGE_OCTETS_MAX);
  for (let octets = input.length; octets < length; octets += piece.length) parts.push(piece);
  const long = join(...parts);
  if (long.length > 12) long.set([0xff, 0xff], pick([6, 8, 10], prng));
  return long;
}

/** Nanoseconds and garbage per hash, find and insert, in a slab that fits the processor's cache and one that does not. */
import { cryptoPrng } from '../../src/util/prng.ts';
import { Slab } from '../../src/util/slab.ts';

const KEY_OCTETS = 26;
const VALUE_OCTETS = 56;
const ROUNDS = 5;

function key(i: number): Uint8Array {
  const out = new Uint8Array(KEY_OCTETS);
  out.set(
    new TextEncoder().encode(`\x00\x00\x00\x07\x00\x01\x08${String(i).padStart(8, '0')}\x07example\x00`),
  );
  return out;
}

/** Best of the rounds: others share the machine. */
function measure(what: string, count: number, fn: (i: number) => void): void {
  let best = Number.POSITIVE_INFINITY;
  let garbage = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const heap = process.memoryUsage().heapUsed;
    const start = performance.now();
    for (let i = 0; i < count; i++) fn(i);
    best = Math.min(best, performance.now() - start);
    garbage = Math.min(garbage, Math.max(0, process.memoryUsage().heapUsed - heap));
  }
  const ns = ((best / count) * 1e6).toFixed(0).padStart(6);
  console.log(`${what.padEnd(34)} ${ns} ns  ${(garbage / count).toFixed(1)} octets of garbage`);
}

for (const [bytes, names] of [
  [1 << 20, 5_000],
  [256 << 20, 500_000],
] as const) {
  const slab = new Slab({ bytes, seed: [cryptoPrng.u32(), cryptoPrng.u32()] });
  const keys = Array.from({ length: names }, (_, i) => key(i));
  const count = Math.max(names, 200_000);
  const hashes = Int32Array.from(keys, (k) => slab.hash(k, 0, k.length));
  console.log(`${bytes >> 20} MB, ${names} names of ${KEY_OCTETS} + ${VALUE_OCTETS} octets`);
  measure('  hash', count, (i) => {
    slab.hash(keys[i % names]!, 0, KEY_OCTETS);
  });
  measure('  insert', count, (i) => {
    slab.u8[slab.insert(hashes[i % names]!, keys[i % names]!, 0, KEY_OCTETS, VALUE_OCTETS)] = i;
  });
  measure('  find, there', count, (i) => {
    slab.find(hashes[i % names]!, keys[i % names]!, 0, KEY_OCTETS);
  });
  measure('  find, not there', count, (i) => {
    slab.find(~hashes[i % names]!, keys[i % names]!, 0, KEY_OCTETS);
  });
  const { entries, bytesUsed } = slab.stats;
  console.log(`  ${entries} entries, ${(bytesUsed / entries).toFixed(0)} octets each`);
}

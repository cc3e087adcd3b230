import fc from 'fast-check';
import t from 'tap';
import { SeededPrng } from '../../src/util/prng.ts';
import { ENTRY_OCTETS_MAX, entryOctets, Slab } from '../../src/util/slab.ts';

const SEED = [0x03020100, 0x07060504] as const;
const text = (s: string): Uint8Array => new TextEncoder().encode(s);

function put(slab: Slab, key: Uint8Array, value: Uint8Array): boolean {
  const at = slab.insert(slab.hash(key, 0, key.length), key, 0, key.length, value.length);
  if (at >= 0) slab.u8.set(value, at);
  return at >= 0;
}

function get(slab: Slab, key: Uint8Array): Uint8Array | undefined {
  const at = slab.find(slab.hash(key, 0, key.length), key, 0, key.length);
  return at < 0 ? undefined : slab.u8.slice(at, at + slab.valueLength(at));
}

const has = (slab: Slab, key: Uint8Array): boolean => get(slab, key) !== undefined;

/** Octets of what `forEach` shows, to be compared with what the slab says it holds. */
function held(slab: Slab): { entries: number; bytesUsed: number } {
  let entries = 0;
  let bytesUsed = 0;
  slab.forEach((_keyOff, keyLen, _valueOff, valueLen) => {
    entries++;
    bytesUsed += entryOctets(keyLen, valueLen);
  });
  return { entries, bytesUsed };
}

t.test('what was inserted is found, replaced, removed', async (t) => {
  const slab = new Slab({ bytes: 1 << 17, seed: SEED });
  t.equal(get(slab, text('a')), undefined);
  put(slab, text('a'), text('one'));
  put(slab, text('b'), text(''));
  t.same(get(slab, text('a')), text('one'));
  t.same(get(slab, text('b')), text(''), 'an empty value is a value');
  put(slab, text('a'), text('longer than before'));
  t.same(get(slab, text('a')), text('longer than before'));
  t.equal(slab.stats.entries, 2);
  const a = text('xxa');
  t.ok(slab.remove(slab.hash(a, 2, 1), a, 2, 1), 'keys may lie anywhere in their buffer');
  t.notOk(slab.remove(slab.hash(a, 2, 1), a, 2, 1));
  t.equal(get(slab, text('a')), undefined);
  slab.clear();
  t.same({ ...held(slab) }, { entries: 0, bytesUsed: 0 });
  t.notOk(has(slab, text('b')));
});

t.test('keys are compared whole: equal hashes keep apart', async (t) => {
  const slab = new Slab({ bytes: 1 << 17, seed: SEED });
  for (let i = 0; i < 8; i++) {
    const key = text(`key ${i}`);
    slab.view.setUint8(slab.insert(42, key, 0, key.length, 1), i);
  }
  for (let i = 0; i < 8; i++) {
    const key = text(`key ${i}`);
    t.equal(slab.u8[slab.find(42, key, 0, key.length)], i);
  }
});

t.test('a full set gives up its least used entry, then its oldest', async (t) => {
  const slab = new Slab({ bytes: 1 << 17, seed: SEED });
  const key = (i: number): Uint8Array => text(`key ${i}`);
  for (let i = 0; i < 8; i++) slab.insert(42, key(i), 0, 5, 1);
  for (const i of [0, 1, 3, 4, 5, 6]) slab.find(42, key(i), 0, 5);
  slab.insert(42, key(8), 0, 5, 1);
  t.equal(slab.peek(42, key(2), 0, 5), -1, '2 and 7 were never used; 2 is older');
  slab.insert(42, key(9), 0, 5, 1);
  t.equal(slab.peek(42, key(7), 0, 5), -1);
  t.ok([0, 1, 3, 4, 5, 6, 8, 9].every((i) => slab.peek(42, key(i), 0, 5) >= 0 || i === 8));
  t.equal(slab.stats.evictions, 2);
});

t.test('values are aligned for typed arrays', async (t) => {
  const slab = new Slab({ bytes: 1 << 17, seed: SEED });
  for (let i = 1; i < 50; i++) {
    const key = text('k'.repeat(i));
    t.equal(slab.insert(slab.hash(key, 0, i), key, 0, i, i % 7) % 8, 0);
  }
});

t.test('an entry over the limit is refused and changes nothing', async (t) => {
  const slab = new Slab({ bytes: 1 << 20, seed: SEED });
  const key = text('big');
  t.ok(put(slab, key, new Uint8Array(ENTRY_OCTETS_MAX - 8 - 3)));
  t.notOk(put(slab, key, new Uint8Array(ENTRY_OCTETS_MAX - 8 - 2)));
  t.equal(get(slab, key)?.length, ENTRY_OCTETS_MAX - 8 - 3);
  t.notOk(put(slab, text(''), text('no key')));
});

t.test('SharedArrayBuffer: what was in the buffer is forgotten', async (t) => {
  const buffer = new SharedArrayBuffer(1 << 17);
  put(new Slab({ bytes: 1 << 17, seed: SEED, buffer }), text('a'), text('one'));
  const slab = new Slab({ bytes: 1 << 17, seed: SEED, buffer });
  t.equal(get(slab, text('a')), undefined);
  t.throws(() => new Slab({ bytes: 1 << 18, seed: SEED, buffer }));
});

t.test('property: a slab holds only what a Map would, byte for byte', async (t) => {
  const operation = fc.record({
    kind: fc.constantFrom('insert', 'insert', 'insert', 'find', 'find', 'remove'),
    key: fc.integer({ min: 0, max: 800 }),
    length: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 3000 })),
    fill: fc.integer({ min: 0, max: 255 }),
  });
  const runs = fc.assert(
    fc.property(fc.array(operation, { minLength: 300, maxLength: 2000, size: 'max' }), (operations) => {
      const slab = new Slab({ bytes: 65536, seed: SEED });
      const model = new Map<number, { length: number; fill: number }>();
      for (const { kind, key, length, fill } of operations) {
        const name = text(`n${key}`.padEnd(1 + (key % 40), '.'));
        if (kind === 'insert') {
          if (put(slab, name, new Uint8Array(length).fill(fill))) model.set(key, { length, fill });
        } else if (kind === 'remove') {
          slab.remove(slab.hash(name, 0, name.length), name, 0, name.length);
          model.delete(key);
        } else {
          const value = get(slab, name);
          const want = model.get(key);
          if (value === undefined) continue;
          if (want === undefined || value.length !== want.length) return false;
          if (value.some((octet) => octet !== want.fill)) return false;
        }
      }
      const { entries, bytesUsed } = slab.stats;
      const seen = held(slab);
      return seen.entries === entries && seen.bytesUsed === bytesUsed && bytesUsed <= 65536;
    }),
    { numRuns: 150 },
  );
  t.equal(runs, undefined);
});

t.test('what was inserted last is always there', async (t) => {
  const prng = new SeededPrng(5);
  const slab = new Slab({ bytes: 65536, seed: SEED });
  for (let i = 0; i < 20000; i++) {
    const key = text(`name ${i}`);
    const length = prng.below(i % 50 === 0 ? 6000 : 200);
    put(slab, key, new Uint8Array(length).fill(i));
    const value = get(slab, key);
    if (value?.length !== length || value.some((octet) => octet !== (i & 255)))
      return t.fail(`entry ${i} lost`);
  }
  t.ok(slab.stats.evictions > 10000);
  t.ok(held(slab).bytesUsed === slab.stats.bytesUsed);
});

t.test('a flood of one-time names leaves the hot set', async (t) => {
  const slab = new Slab({ bytes: 4 << 20, seed: SEED });
  const value = new Uint8Array(56);
  const key = new Uint8Array(26);
  const view = new DataView(key.buffer);
  const ask = (kind: number, i: number): boolean => {
    view.setUint32(0, kind);
    view.setUint32(8, i);
    if (has(slab, key)) return true;
    put(slab, key, value);
    return false;
  };
  const capacity = Math.floor((4 << 20) / 110);
  const hot = Math.floor(capacity / 10);
  for (let i = 0; i < hot; i++) ask(1, i);
  let hits = 0;
  let asked = 0;
  // One hot question for each four of the flood: each hot name comes about 2.5 times while the log turns once.
  for (let i = 0; i < 10 * capacity; i++) {
    ask(2, i);
    if (i % 4 !== 0) continue;
    asked++;
    if (ask(1, (i / 4) % hot)) hits++;
  }
  t.ok(hits / asked >= 0.9, `${((100 * hits) / asked).toFixed(1)} % of ${asked} hot questions hit`);
  t.equal(held(slab).entries, slab.stats.entries);
});

t.test('however large the entries of the flood are', async (t) => {
  const slab = new Slab({ bytes: 4 << 20, seed: SEED });
  for (let i = 0; i < 1000; i++) put(slab, text(`hot ${i}`), new Uint8Array(56));
  for (let i = 0; i < 1000; i++) get(slab, text(`hot ${i}`));
  const large = new Uint8Array(16000);
  for (let i = 0; i < 3000; i++) put(slab, text(`flood ${i}`), large);
  t.ok(slab.stats.evictions > 2500, '48 MB went through');
  const left = Array.from({ length: 1000 }, (_, i) => i).filter((i) => has(slab, text(`hot ${i}`))).length;
  t.ok(left >= 990, `${left} of 1000 are left`);
});

t.test('who comes again soon after it was forgotten is kept from then on', async (t) => {
  const slab = new Slab({ bytes: 1 << 20, seed: SEED });
  const flood = (kind: string, count: number): void => {
    for (let i = 0; i < count; i++) put(slab, text(`${kind} ${i}`), new Uint8Array(56));
  };
  flood('fill', 12000);
  put(slab, text('again 1'), new Uint8Array(56));
  flood('flood', 2000);
  t.notOk(has(slab, text('again 1')), 'an eighth of the slab is for the fresh');
  put(slab, text('again 1'), new Uint8Array(56));
  flood('more', 8000);
  t.ok(has(slab, text('again 1')));
});

t.test('a hot run as long as the arena does not stop inserts', async (t) => {
  const slab = new Slab({ bytes: 1 << 20, seed: SEED });
  const key = (kind: string, i: number): Uint8Array => text(`${kind} ${i}`.padEnd(20));
  const value = new Uint8Array(60);
  for (let i = 0; i < 12000; i++) put(slab, key('hot', i), value);
  for (let round = 0; round < 3; round++) for (let i = 0; i < 12000; i++) get(slab, key('hot', i));
  for (let i = 0; i < 3000; i++) {
    put(slab, key('new', i), value);
    if (!has(slab, key('new', i))) return t.fail(`new ${i} not there`);
  }
  t.equal(held(slab).bytesUsed, slab.stats.bytesUsed);
});

t.test('a scan in pieces sees each entry once, though others come in between', async (t) => {
  const slab = new Slab({ bytes: 1 << 18, seed: SEED });
  for (let i = 0; i < 500; i++) put(slab, text(`old ${i}`), text('x'));
  const seen = new Map<string, number>();
  let inserted = 0;
  for (let set = 0; set >= 0; ) {
    set = slab.scan(set, 16, (keyOff, keyLen) => {
      const key = new TextDecoder().decode(slab.u8.slice(keyOff, keyOff + keyLen));
      seen.set(key, (seen.get(key) ?? 0) + 1);
      return key.endsWith('7') ? 'remove' : 'keep';
    });
    put(slab, text(`new ${inserted++}`), text('y'));
  }
  t.same(
    Array.from({ length: 500 }, (_, i) => seen.get(`old ${i}`)).filter((times) => times !== 1),
    [],
  );
  t.notOk(has(slab, text('old 7')));
  t.ok(has(slab, text('old 8')));
  t.equal(held(slab).entries, slab.stats.entries);
});

import t from 'tap';
import { AnswerCache, type StoredAnswer } from '../../src/cache/answers.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { DEPENDENCIES_MAX, Dependencies } from '../../src/util/deps.ts';
import { Slab } from '../../src/util/slab.ts';
import { nameEquals, nameFromText } from '../../src/wire/name.ts';

const QNAME = nameFromText('www.example.');

function make(bytes = 1 << 20) {
  const clock = new ManualClock();
  const dependencies = new Dependencies();
  const cache = new AnswerCache({ slab: new Slab({ bytes, seed: [1, 2] }), dependencies, clock });
  return { clock, dependencies, cache };
}

/** Three records of one address set after a 30-octet head; TTL 300. */
function stored(more: Partial<StoredAnswer> = {}): StoredAnswer {
  const message = new Uint8Array(30 + 3 * 16);
  const ttlOffsets = new Uint16Array(3);
  for (let i = 0; i < 3; i++) {
    const at = 30 + 16 * i;
    message.set([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, i + 1], at);
    ttlOffsets[i] = at + 6;
  }
  return {
    message,
    length: message.length,
    ttlOffsets,
    ttlCount: 3,
    lifetime: 300,
    ttlsStandStill: false,
    turn: 0,
    turnAt: 0,
    turnSize: 0,
    turned: 0,
    dependencies: [],
    ...more,
  };
}

const out = new Uint8Array(2048);
const ttlOf = (i: number): number => (out[30 + 16 * i + 8]! << 8) | out[30 + 16 * i + 9]!;

t.test('TTLs count down and the entry ends with its life', async (t) => {
  const { clock, cache } = make();
  t.ok(cache.store(0, 0, 1, QNAME, stored()));
  clock.advance(100_000);
  const handle = cache.find(0, 0, 1, nameFromText('WWW.Example.'), 0, QNAME.length);
  t.ok(handle >= 0, 'case does not matter');
  t.equal(cache.copy(handle, out, 0), 78);
  t.same([ttlOf(0), ttlOf(1), ttlOf(2)], [200, 200, 200]);
  clock.advance(200_000);
  t.equal(cache.find(0, 0, 1, QNAME, 0, QNAME.length), -1);
});

t.test('authoritative TTLs stand still', async (t) => {
  const { clock, cache } = make();
  cache.store(0, 0, 1, QNAME, stored({ ttlsStandStill: true }));
  clock.advance(100_000);
  cache.copy(cache.find(0, 0, 1, QNAME, 0, QNAME.length), out, 0);
  t.equal(ttlOf(0), 300);
});

t.test('view, variant, type and name are all in the key', async (t) => {
  const { cache } = make();
  cache.store(1, 1, 1, QNAME, stored());
  t.equal(cache.find(0, 1, 1, QNAME, 0, QNAME.length), -1);
  t.equal(cache.find(1, 0, 1, QNAME, 0, QNAME.length), -1);
  t.equal(cache.find(1, 1, 28, QNAME, 0, QNAME.length), -1);
  t.ok(cache.find(1, 1, 1, QNAME, 0, QNAME.length) >= 0);
});

t.test('a moved dependency ends the answers that hold it, and no other', async (t) => {
  const { cache, dependencies } = make();
  const on = (slot: number) => [{ slot, generation: dependencies.generation(slot) }];
  const other = nameFromText('other.example.');
  cache.store(0, 0, 1, QNAME, stored({ dependencies: on(7) }));
  cache.store(0, 0, 1, other, stored({ dependencies: on(8) }));
  const old = on(9);
  dependencies.bump(7);
  dependencies.bump(9);
  t.equal(cache.find(0, 0, 1, QNAME, 0, QNAME.length), -1);
  t.ok(cache.find(0, 0, 1, other, 0, other.length) >= 0);
  t.notOk(
    cache.store(0, 0, 1, QNAME, stored({ dependencies: old })),
    'it moved while the query was under way',
  );
  const most = Array.from({ length: DEPENDENCIES_MAX }, (_, i) => on(65_535 - i)).flat();
  t.ok(cache.store(0, 0, 1, QNAME, stored({ dependencies: most })));
  t.equal(cache.copy(cache.find(0, 0, 1, QNAME, 0, QNAME.length), out, 0), 78);
  t.same([...out.subarray(0, 78)], [...stored().message], 'the message stands behind them all');
  dependencies.bump(65_535 - DEPENDENCIES_MAX + 1);
  t.equal(cache.find(0, 0, 1, QNAME, 0, QNAME.length), -1, 'the last one counts');
  const more = [...most, ...on(1)];
  t.notOk(cache.store(0, 0, 1, QNAME, stored({ dependencies: more })), 'more dependencies than are kept');
});

t.test('the records of a set are turned, each hit another way', async (t) => {
  const { cache } = make();
  cache.store(0, 0, 1, QNAME, stored({ turn: 3, turnAt: 30, turnSize: 16 }));
  const handle = cache.find(0, 0, 1, QNAME, 0, QNAME.length);
  const firsts = [0, 1, 2, 3].map((rotation) => {
    cache.copy(handle, out, rotation);
    const last = [0, 1, 2].map((i) => out[30 + 16 * i + 15]!);
    t.same(last.toSorted(), [1, 2, 3], 'all records are there');
    return last[0];
  });
  t.equal(new Set(firsts).size, 3);
});

t.test('flush takes what it is told to, in the views it is told', async (t) => {
  const { cache } = make();
  cache.store(0, 0, 1, QNAME, stored());
  cache.store(1, 0, 1, QNAME, stored());
  const alias = nameFromText('alias.example.');
  const own = nameFromText('own.example.');
  cache.store(1, 0, 1, alias, stored());
  cache.store(1, 0, 1, own, stored({ ttlsStandStill: true }));
  const steps = cache.flushSteps(
    (view) => view === 1,
    (qname) => nameEquals(qname, QNAME),
  );
  t.equal(
    [...steps].reduce((sum, step) => sum + step, 0),
    1,
  );
  t.ok(cache.find(0, 0, 1, QNAME, 0, QNAME.length) >= 0);
  t.equal(cache.find(1, 0, 1, QNAME, 0, QNAME.length), -1);
  t.equal(cache.find(1, 0, 1, alias, 0, alias.length), -1, 'what may have been made of it goes as well');
  t.ok(cache.find(1, 0, 1, own, 0, own.length) >= 0, 'what is our own stays');
});

t.test('a typical answer takes under 300 octets', async (t) => {
  const { cache } = make(1 << 22);
  let entries = 0;
  while (cache.stats.evictions === 0)
    cache.store(0, 0, 1, nameFromText(`host-${entries++}.corp.example.`), stored({ length: 62 }));
  const octets = (1 << 22) / entries;
  t.comment(`${Math.round(octets)} octets for each answer, index and headers included`);
  t.ok(octets < 300);
});

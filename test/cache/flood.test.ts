import t from 'tap';
import { AnswerCache } from '../../src/cache/answers.ts';
import { RANK } from '../../src/cache/rank.ts';
import type { RecordCache } from '../../src/cache/records.ts';
import { Slab } from '../../src/util/slab.ts';
import { TYPE } from '../../src/wire/constants.ts';
import type { Name } from '../../src/wire/name.ts';
import { name, rrset, SOA, setUp } from './setup.ts';

/**
 * CacheFlush (2024): an attacker fills the cache with names that are asked once, as large as can be, so that
 * everyone else's are gone when they ask again. Counted in inserts, on a clock that moves by hand: 8,000 of them
 * a second into a cache of 4 MB, which such entries fill in 2 seconds or less.
 */
const FLOOD_PER_SECOND = 8000;
const SECONDS = 40;
const CONTEXT = 7;

const soa = rrset(SOA);
const victim = rrset('www.victim.example. 300 IN A 192.0.2.1');

/** The name of the `i`th flood question: a random label under the attacker's name. */
function floodName(base: Name, i: number): Name {
  const out = new Uint8Array(9 + base.length);
  out[0] = 8;
  for (let digit = 0; digit < 8; digit++) out[1 + digit] = 0x61 + ((i >>> (4 * digit)) & 15);
  out.set(base, 9);
  return out;
}

/** Share of the victim's questions, `perSecond` of them spread evenly, that the cache answers. */
function hitRate(perSecond: number, flood: (cache: RecordCache, i: number) => void): number {
  const { cache, clock } = setUp({}, 4 << 20);
  const every = FLOOD_PER_SECOND / perSecond;
  let asked = 0;
  let hits = 0;
  // The flood was there first.
  for (let i = 0; i < 10 * FLOOD_PER_SECOND; i++) flood(cache, 0x40000000 + i);
  for (let i = 0; i < SECONDS * FLOOD_PER_SECOND; i++) {
    clock.advance(1000 / FLOOD_PER_SECOND);
    flood(cache, i);
    if (i % every !== 0) continue;
    asked++;
    if (cache.get(CONTEXT, victim.name, victim.type)?.state === 'fresh') hits++;
    else cache.putRrset(CONTEXT, victim, RANK.answer);
  }
  return hits / asked;
}

const base = name('attacker.example.');

t.test('one question a second survives a flood of NXDOMAINs', async (t) => {
  const rate = hitRate(1, (cache, i) => cache.putNegative(CONTEXT, floodName(base, i), 0, soa, RANK.answer));
  t.ok(rate >= 0.9, `hit rate ${(100 * rate).toFixed(1)} %`);
});

t.test('and one of large RRsets, at two a second (CacheFlush 2024)', async (t) => {
  const rdatas = Array.from({ length: 4 }, (_, i) => new Uint8Array(200).fill(i));
  const rate = hitRate(2, (cache, i) =>
    cache.putRrset(CONTEXT, { name: floodName(base, i), type: TYPE.TXT, ttl: 86400, rdatas }, RANK.answer),
  );
  t.ok(rate >= 0.9, `hit rate ${(100 * rate).toFixed(1)} %`);
});

t.test('and one that asks each name twice', async (t) => {
  const rate = hitRate(4, (cache, i) => {
    const flooded = floodName(base, i >>> 1);
    if (cache.get(CONTEXT, flooded, TYPE.A) === undefined)
      cache.putNegative(CONTEXT, flooded, 0, soa, RANK.answer);
  });
  t.ok(rate >= 0.9, `hit rate ${(100 * rate).toFixed(1)} %`);
});

/** Finished answers of a worker: a working set, and one-time names in between that others make it ask for. */
function answerHitRate(names: number, perSecond: number): number {
  const { clock, deps } = setUp();
  const slab = new Slab({ bytes: 1 << 20, seed: [1, 2] });
  const cache = new AnswerCache({ slab, dependencies: deps, clock });
  const answer = {
    message: new Uint8Array(512),
    length: 90,
    ttlOffsets: Uint16Array.of(33),
    ttlCount: 1,
    lifetime: 3600,
    ttlsStandStill: false,
    turn: 1,
    turnAt: 27,
    turnSize: 16,
    turned: 0,
    dependencies: [],
  };
  const ask = (qname: Name): boolean => {
    if (cache.find(0, 0, TYPE.A, qname, 0, qname.length) >= 0) return true;
    cache.store(0, 0, TYPE.A, qname, answer);
    return false;
  };
  const working = Array.from({ length: names }, (_, i) => name(`host-${i}.corp.example.`));
  const every = FLOOD_PER_SECOND / (names * perSecond);
  for (let i = 0; i < 10 * FLOOD_PER_SECOND; i++) ask(floodName(base, 0x40000000 + i));
  let hits = 0;
  let asked = 0;
  for (let i = 0; i < SECONDS * FLOOD_PER_SECOND; i++) {
    clock.advance(1000 / FLOOD_PER_SECOND);
    ask(floodName(base, i));
    if (i % every === 0 && ask(working[asked++ % names]!)) hits++;
  }
  return hits / asked;
}

t.test('a working set of finished answers survives a flood of one-time names', async (t) => {
  for (const [names, perSecond] of [
    [100, 2],
    [1000, 2],
  ] as const) {
    const rate = answerHitRate(names, perSecond);
    t.ok(rate >= 0.9, `${names} names, each ${perSecond} a second: hit rate ${(100 * rate).toFixed(1)} %`);
  }
});

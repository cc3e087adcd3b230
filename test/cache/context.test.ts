import fc from 'fast-check';
import t from 'tap';
import { type ContextId, NXDOMAIN } from '../../src/cache/key.ts';
import { RANK } from '../../src/cache/rank.ts';
import type { RecordCache } from '../../src/cache/records.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { name, rrset, SOA, setUp, show } from './setup.ts';

t.test('each context has its own world', async (t) => {
  const { cache } = setUp();
  const contexts = [0, 1, 0x01000000, 0xffffffff];
  for (const [i, context] of contexts.entries())
    cache.putRrset(context, rrset(`www.example. 300 IN A 192.0.2.${i}`), RANK.answer);
  for (const [i, context] of contexts.entries())
    t.equal(show(cache.get(context, name('www.example.'), TYPE.A)), `www.example. 300 A 192.0.2.${i}`);
  cache.putNegative(1, name('www.example.'), NXDOMAIN, rrset(SOA), RANK.secure);
  cache.putFailure(1, name('www.example.'), TYPE.TXT);
  t.equal(cache.get(0, name('www.example.'), TYPE.A)?.kind, 'rrset');
  t.equal(cache.get(0, name('www.example.'), TYPE.TXT), undefined);
});

/** One step of a trace; `at` chooses among a few names, types and contents. */
interface Step {
  readonly mine: boolean;
  readonly what: 'rrset' | 'nodata' | 'nxdomain' | 'failure' | 'get' | 'wait';
  readonly at: number;
}

const NAMES = ['example.', 'www.example.', 'a.www.example.', 'WWW.example.'];
const TYPES = [TYPE.A, TYPE.AAAA];
const RANKS = [RANK.additional, RANK.answer, RANK.secure];
const soa = rrset(SOA);

/** Does the step in the context and returns what is seen of it. */
function take(cache: RecordCache, context: ContextId, { what, at }: Step): string {
  const owner = NAMES[at & 3]!;
  const type = TYPES[(at >> 2) & 1]!;
  const rank = RANKS[(at >> 3) % 3]!;
  switch (what) {
    case 'rrset': {
      const data = type === TYPE.A ? `A 192.0.2.${at}` : `AAAA 2001:db8::${at}`;
      return String(cache.putRrset(context, rrset(`${owner} ${(at % 7) * 100} IN ${data}`), rank));
    }
    case 'nodata':
      return String(cache.putNegative(context, name(owner), type, soa, rank));
    case 'nxdomain':
      return String(cache.putNegative(context, name(owner), NXDOMAIN, soa, rank));
    case 'failure':
      return String(cache.putFailure(context, name(owner), type, { ede: at }));
    case 'get':
    case 'wait': {
      const cached = cache.get(context, name(owner), type);
      return `${show(cached)} ${JSON.stringify([cached?.age, cached?.failure, cached?.prefetchDue])}`;
    }
  }
}

t.test('property: what one context sees is the same with another one working beside it', async () => {
  const step: fc.Arbitrary<Step> = fc.record({
    mine: fc.boolean(),
    what: fc.constantFrom('rrset', 'rrset', 'nodata', 'nxdomain', 'failure', 'get', 'get', 'wait'),
    at: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const alone = setUp();
      const shared = setUp();
      const seenAlone: string[] = [];
      const seenShared: string[] = [];
      for (const one of steps) {
        if (one.what === 'wait') for (const { clock } of [alone, shared]) clock.advance(one.at * 7000);
        if (one.mine) seenAlone.push(take(alone.cache, 1, one));
        const seen = take(shared.cache, one.mine ? 1 : 2, one);
        if (one.mine) seenShared.push(seen);
      }
      return JSON.stringify(seenAlone) === JSON.stringify(seenShared);
    }),
    { numRuns: 400 },
  );
});

import t from 'tap';
import {
  RateLimit,
  type RateLimitSettings,
  type RateVerdict,
  rateLimitBytes,
} from '../../src/policy/ratelimit.ts';
import { parseAddress } from '../../src/util/cidr.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { SeededPrng } from '../../src/util/prng.ts';

const SETTINGS = { ratePerSecond: 20, burst: 50, slip: 2 };

function setUp(settings: RateLimitSettings = SETTINGS): { clock: ManualClock; limit: RateLimit } {
  const clock = new ManualClock();
  return { clock, limit: new RateLimit({ clock, seed: [1, 2], settings, capacity: 4096 }) };
}

/** Verdicts of so many replies at once. */
function burst(limit: RateLimit, address: string | Uint8Array, count: number): Record<RateVerdict, number> {
  const verdicts = { pass: 0, slip: 0, drop: 0 };
  const octets = typeof address === 'string' ? parseAddress(address) : address;
  for (let i = 0; i < count; i++) verdicts[limit.check(octets)]++;
  return verdicts;
}

t.test('one address: a burst passes, then each second reply slips', async (t) => {
  const { limit } = setUp();
  t.same(burst(limit, '192.0.2.1', 50), { pass: 50, slip: 0, drop: 0 });
  t.same(burst(limit, '192.0.2.1', 100), { pass: 0, slip: 50, drop: 50 });
  t.same(burst(limit, '2001:db8::1', 150), { pass: 50, slip: 50, drop: 50 });
});

t.test('slip 0 is never, 1 is always', async (t) => {
  t.same(burst(setUp({ ...SETTINGS, slip: 0 }).limit, '192.0.2.1', 60), { pass: 50, slip: 0, drop: 10 });
  t.same(burst(setUp({ ...SETTINGS, slip: 1 }).limit, '192.0.2.1', 60), { pass: 50, slip: 10, drop: 0 });
});

t.test('in the long run the rate passes, and limited replies cost nothing', async (t) => {
  const { clock, limit } = setUp();
  burst(limit, '192.0.2.1', 1000);
  for (let second = 0; second < 5; second++) {
    clock.advance(1000);
    t.equal(burst(limit, '192.0.2.1', 1000).pass, 20);
  }
  clock.advance(2500);
  t.equal(burst(limit, '192.0.2.1', 1000).pass, 50, 'rested for burst / rate seconds');
});

t.test('a client below the rate is never limited', async (t) => {
  const { clock, limit } = setUp();
  for (let i = 0; i < 2000; i++) {
    clock.advance(50);
    if (limit.check(parseAddress('192.0.2.1')) !== 'pass') return t.fail(`limited at ${i}`);
  }
});

t.test('rate 0 is no limit', async (t) => {
  t.equal(burst(setUp({ ...SETTINGS, ratePerSecond: 0 }).limit, '192.0.2.1', 5000).pass, 5000);
});

t.test('prefixes: each has its multiple of the burst', async (t) => {
  const flood = (make: (i: number) => string, count: number): number => {
    const { limit } = setUp();
    let passed = 0;
    for (let i = 0; i < count; i++) passed += burst(limit, make(i), 1).pass;
    return passed;
  };
  t.equal(
    flood((i) => `192.0.2.${i & 255}`, 5000),
    32 * 50,
    '/24',
  );
  t.equal(
    flood((i) => `10.1.${i & 15}.${(i >> 4) & 255}`, 20000),
    256 * 50,
    '/20',
  );
  t.equal(
    flood((i) => `10.1.${i & 255}.${(i >> 8) & 255}`, 60000),
    1024 * 50,
    '/16',
  );
  t.equal(
    flood((i) => `2001:db8::${(i + 1).toString(16)}`, 500),
    2 * 50,
    '/64',
  );
  t.equal(
    flood((i) => `2001:db8:0:${(i & 255).toString(16)}::1`, 500),
    3 * 50,
    '/56',
  );
  t.equal(
    flood((i) => `2001:db8:0:${(i & 0xfff).toString(16)}::1`, 4096),
    4 * 50,
    '/48',
  );
  t.equal(
    flood((i) => `2001:db8:${(i & 0xfff).toString(16)}::1`, 8000),
    64 * 50,
    '/32',
  );
});

t.test('a flood forged from one /24 leaves honest clients elsewhere alone', async (t) => {
  const { clock, limit } = setUp();
  const honest = parseAddress('198.51.100.7');
  const neighbour = parseAddress('203.0.112.7');
  const sent = { pass: 0, slip: 0, drop: 0 };
  const lost = { pass: 0, slip: 0, drop: 0 };
  for (let ms = 0; ms < 10_000; ms++) {
    clock.advance(1);
    for (let i = 0; i < 8; i++) sent[limit.check(Uint8Array.of(203, 0, 113, (ms * 8 + i) & 255))]++;
    if (ms % 100 === 0) lost[limit.check(honest)]++;
    if (ms % 100 === 50) lost[limit.check(neighbour)]++;
  }
  t.same(lost, { pass: 200, slip: 0, drop: 0 }, 'neither another network nor the /24 next to it');
  const share = 32 * 50 + 32 * 20 * 10;
  t.ok(Math.abs(sent.pass - share) <= 1, `${sent.pass} passed, burst and rate of a /24: ${share}`);
  t.ok(Math.abs(sent.slip - sent.drop) <= 256, 'half of the rest is truncated');
});

t.test(
  'memory is flat under forged addresses of the whole Internet, and one flooder stays limited',
  async (t) => {
    const { clock, limit } = setUp();
    const prng = new SeededPrng(3);
    const flooder = parseAddress('192.0.2.1');
    let passed = 0;
    for (let ms = 0; ms < 5000; ms++) {
      clock.advance(1);
      for (let i = 0; i < 20; i++) limit.check(prng.fill(new Uint8Array(i % 2 === 0 ? 4 : 16)));
      for (let i = 0; i < 4; i++) if (limit.check(flooder) === 'pass') passed++;
    }
    t.equal(limit.buffer.byteLength, rateLimitBytes(4096));
    t.ok(
      passed >= 150 && passed <= 250,
      `${passed} of 20,000 replies to the flooder passed (burst + rate: 150)`,
    );
  },
);

t.test('an IPv4-mapped address is the IPv4 address', async (t) => {
  const { limit } = setUp();
  burst(limit, '192.0.2.1', 50);
  const mapped = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1);
  t.equal(burst(limit, mapped, 10).pass, 0);
  t.equal(burst(limit, '::ffff:192.0.2.2', 10).pass, 10);
});

t.test('a clock that is set back does not lock clients out', async (t) => {
  let wall = 1_700_000_000_000;
  const clock = Object.assign(new ManualClock(), { wall: () => wall });
  const limit = new RateLimit({ clock, seed: [1, 2], settings: SETTINGS });
  burst(limit, '192.0.2.1', 60);
  wall -= 86_400_000;
  t.equal(burst(limit, '192.0.2.1', 60).pass, 50);
  wall += 1000;
  t.equal(burst(limit, '192.0.2.1', 60).pass, 20, 'and limits on');
});

t.test('threads share one table', async (t) => {
  const clock = new ManualClock();
  const options = { clock, seed: [1, 2] as const, settings: SETTINGS, capacity: 4096 };
  const first = new RateLimit(options);
  const second = new RateLimit({ ...options, buffer: first.buffer });
  t.equal(burst(first, '192.0.2.1', 30).pass, 30);
  t.equal(burst(second, '192.0.2.1', 30).pass, 20);
});

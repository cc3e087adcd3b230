import fc from 'fast-check';
import t from 'tap';
import type { Resolution } from '../../src/resolver/resolution.ts';
import { type Answer, type Ask, decode, encode } from '../../src/server/peerwire.ts';
import type { Name } from '../../src/wire/name.ts';

/** Fields that may be absent are absent or there, never undefined: what comes back is compared to the letter. */
const optional = <T>(shape: { [Key in keyof T]: fc.Arbitrary<T[Key]> }, required: (keyof T)[]) =>
  fc.record(shape, { requiredKeys: required as never[] }) as unknown as fc.Arbitrary<T>;

const octets = fc.uint8Array({ maxLength: 300 });
const name = fc.uint8Array({ minLength: 1, maxLength: 255 }) as fc.Arbitrary<Name>;
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const id = fc.maxSafeNat();
const work = fc.record({ packets: u32, bytes: u32, verifies: u32, failedVerifies: u32, nsec3Blocks: u32 });
const rrset = optional(
  {
    name,
    type: u16,
    ttl: u32,
    rdatas: fc.array(octets, { maxLength: 5 }),
    sigs: fc.array(octets, { maxLength: 3 }),
  },
  ['name', 'type', 'ttl', 'rdatas'],
);
const rrsets = fc.array(rrset, { maxLength: 4 });

const ask: fc.Arbitrary<Ask> = fc.record({
  id,
  name,
  type: u16,
  context: fc.maxSafeInteger(),
  spentMs: fc.double({ noNaN: true }),
  spent: work,
  tokens: fc.array(octets, { maxLength: 4 }),
  checkingDisabled: fc.boolean(),
  wantsChain: fc.boolean(),
  peek: fc.boolean(),
});

const resolution = optional<Resolution>(
  {
    outcome: fc.constantFrom('answer', 'nodata', 'nxdomain', 'referral', 'failure'),
    rcode: fc.integer({ min: 0, max: 4095 }),
    rrsets,
    soa: rrset,
    glue: rrsets,
    proofs: rrsets,
    security: fc.constantFrom('unchecked', 'insecure', 'secure'),
    chain: fc.array(
      fc.record({
        zone: fc.string({ unit: 'binary' }),
        outcome: fc.constantFrom('secure', 'insecure', 'bogus'),
        by: fc.constantFrom('anchor', 'ds', 'no-ds', 'nta', 'answer'),
        keys: fc.array(fc.record({ tag: u16, algorithm: fc.string() })),
        digests: fc.array(fc.string()),
        why: fc.string(),
      }),
    ),
    ede: fc.array(fc.record({ code: u16, text: fc.string({ unit: 'grapheme' }) }), { maxLength: 3 }),
    source: fc.constantFrom('cache', 'upstream', 'stale', 'failure-cache'),
    upstream: fc.string(),
    ageSeconds: fc.integer({ min: 0, max: 0x7fffffff }),
    reason: fc.constantFrom('late', 'waiters', 'bogus', 'no-server'),
  },
  ['outcome', 'rcode', 'rrsets', 'ede', 'source'],
);
const answer: fc.Arbitrary<Answer> = fc.record({
  id,
  spent: work,
  resolution: fc.option(resolution, { nil: undefined }),
});

/** Views and copies alike. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, part) =>
      part instanceof Uint8Array ? `octets ${Buffer.from(part).toString('hex')}` : part,
    ),
  );

t.test('what one worker writes another reads, whatever it is', async (t) => {
  fc.assert(
    fc.property(
      id,
      fc.array(ask, { maxLength: 8 }),
      fc.array(answer, { maxLength: 8 }),
      (taken, asks, answers) => {
        const message = { taken, asks, answers };
        t.strictSame(plain(decode(encode(message))), plain(message));
      },
    ),
    { numRuns: 300 },
  );
});

t.test('what was read keeps nothing of the batch', (t) => {
  const octets = (...list: number[]): Uint8Array => Uint8Array.from(list);
  const name = octets(1, 97, 0) as Name;
  const rrset = { name, type: 5, ttl: 5, rdatas: [octets(1, 98, 0)], sigs: [octets(1, 2, 3)] };
  const resolution: Answer['resolution'] = {
    outcome: 'answer',
    rcode: 0,
    rrsets: [rrset],
    ede: [],
    source: 'upstream',
  };
  const spent = { packets: 1, bytes: 2, verifies: 3, failedVerifies: 1, nsec3Blocks: 4 };
  const [read] = decode(encode({ taken: 0, asks: [], answers: [{ id: 7, spent, resolution }] })).answers;
  const [set] = read!.resolution!.rrsets;
  for (const each of [set!.name, ...set!.rdatas, ...set!.sigs!]) t.equal(each.buffer.byteLength, 3);
  t.end();
});

t.test('batches longer than the buffer they are written to, and short ones after them', async (t) => {
  const rdatas = Array.from({ length: 3 }, (_, i) => new Uint8Array(60_000).fill(i));
  const long: Answer = {
    id: 7,
    spent: { packets: 1, bytes: 2, verifies: 3, failedVerifies: 1, nsec3Blocks: 4 },
    resolution: {
      outcome: 'answer',
      rcode: 0,
      rrsets: [{ name: Uint8Array.of(0) as Name, type: 16, ttl: 5, rdatas }],
      ede: [],
      source: 'upstream',
    },
  };
  for (const answers of [[long], [], [long, long]]) {
    const message = { taken: 0, asks: [], answers };
    t.strictSame(plain(decode(encode(message))), plain(message));
  }
});

t.test('the name of a question does not keep the batch', async (t) => {
  const asked: Ask = {
    id: 1,
    name: Uint8Array.of(1, 97, 0) as Name,
    type: 1,
    context: 2,
    spentMs: 0.5,
    spent: { packets: 0, bytes: 0, verifies: 0, failedVerifies: 0, nsec3Blocks: 0 },
    tokens: [],
    checkingDisabled: false,
    wantsChain: false,
    peek: true,
  };
  const { asks } = decode(encode({ taken: 0, asks: Array(64).fill(asked), answers: [] }));
  t.equal(asks.length, 64);
  t.equal(asks[63]!.name.buffer.byteLength, 3);
});

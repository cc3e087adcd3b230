import t from 'tap';
import { diffSnapshots } from '../../src/control/compile/diff.ts';
import type { Resolution, ResolveRequest } from '../../src/resolver/resolve.ts';
import type { Client, Reply } from '../../src/server/handler.ts';
import type { Resolve } from '../../src/server/query.ts';
import { World } from '../../src/server/world.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import type { ViewData } from '../../src/view/snapshot.ts';
import { EDE, FLAG, OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { Cursor } from '../../src/wire/cursor.ts';
import { type EdnsOption, findOption } from '../../src/wire/edns.ts';
import { readMessage } from '../../src/wire/message.ts';
import { type Name, nameFromText, nameToText } from '../../src/wire/name.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { LONG } from '../support/long.ts';
import { clientAt, pipelineOf, query } from '../support/pipeline.ts';
import { rrsig, setsOf } from '../support/upstream.ts';
import { snapshotOf, type ViewSpec } from '../support/world.ts';

/**
 * What the answer cache gives is what the stages would give: a worker that remembers its answers and one that makes
 * each anew get the same queries, among them odd ones, and the same reloads, and say the same octet for octet, TTLs
 * apart.
 */
const QUERIES = LONG ? 1_000_000 : 30_000;
const QUERIES_PER_RELOAD = 250;

const prng = new SeededPrng(2026);
const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)]!;
const oneIn = (n: number): boolean => prng.below(n) === 0;

/** Records of a zone, each there or not; a reload turns a few of them over. */
const RECORDS = [
  'www A 10.0.0.1',
  'www A 10.0.0.2',
  'www A 10.0.0.3',
  'www AAAA 2001:db8::1',
  'one A 10.0.0.4',
  'alias CNAME www',
  'long CNAME alias',
  'out CNAME host.corp.test.',
  'far CNAME b.far.test.',
  'loop CNAME loop',
  '*.wild A 10.0.0.5',
  '*.wild TXT "w"',
  'x.wild A 10.0.0.6',
  'a.b.ent A 10.0.0.7',
  'mail MX 10 www',
  'mail MX 20 one',
  'mail MX 30 m.wild',
  '_s._tcp SRV 1 2 3 www',
  'old DNAME new',
  'www.new A 10.0.0.8',
  'sub NS ns.sub',
  'ns.sub A 10.0.0.9',
  'sub NS one',
  `big TXT ${'"0123456789012345678901234567890123456789" '.repeat(16)}`,
  ...Array.from({ length: 30 }, (_, i) => `many AAAA 2001:db8::${i}`),
  ...Array.from({ length: 14 }, (_, i) => `hosts MX ${i} h${i}`),
  ...Array.from({ length: 14 }, (_, i) => `h${i} A 10.0.1.${i}\nh${i} AAAA 2001:db8:1::${i}`),
  'svc HTTPS 1 . alpn=h2',
  'svc A 10.0.0.10',
];
const LABELS = [
  ...[
    '',
    'www',
    'one',
    'alias',
    'long',
    'out',
    'far',
    'loop',
    'x.wild',
    'y.wild',
    'm.wild',
    'ent',
    'b.ent',
    'mail',
  ],
  ...[
    '_s._tcp',
    'old',
    'www.old',
    'www.new',
    'sub',
    'h.sub',
    'ns.sub',
    'big',
    'many',
    'hosts',
    'svc',
    'none',
    'host',
    'b',
  ],
];
const SUFFIXES = [
  'example.',
  'inner.example.',
  'over.test.',
  'corp.test.',
  'far.test.',
  'elsewhere.',
  'ip6.arpa.',
];
const TYPES = [
  'A',
  'A',
  'A',
  'AAAA',
  'AAAA',
  'PTR',
  'MX',
  'TXT',
  'NS',
  'SOA',
  'CNAME',
  'SRV',
  'HTTPS',
  'DS',
  'ANY',
  'TYPE200',
  'AXFR',
];

/**
 * These stay: an address that comes where there was none would not end the answers that could now carry it in their
 * additional section, which is optional.
 */
const IS_FIXED = /^(one|h\d+|svc|\*\.wild|www A 10\.0\.0\.1|ns\.sub A)/;

/** What is there now: by zone and record. */
const isThere = new Map<string, boolean>();
const zoneText = (zone: string): string =>
  RECORDS.filter((record) => isThere.get(`${zone} ${record}`) ?? true).join('\n');
const options = { inner: true, wideRule: true, root: true, dns64: true, rebinding: true };
let dnssec: ViewData['dnssec'] = 'validate';

function snapshot(revision: number) {
  const view = (cidr: string, mine: string): ViewSpec => ({
    cidrs: [cidr],
    zones: {
      'example.': zoneText(`${mine} example`),
      'over.test.': { text: zoneText(`${mine} over`), overlay: mine === 'a' ? 'nodata' : 'nxdomain' },
      ...(options.inner ? { 'inner.example.': zoneText(`${mine} inner`) } : {}),
    },
    forward: ['corp.test.', ...(options.wideRule ? ['test.'] : [])],
    recursive: ['far.test.', ...(options.root ? ['.'] : [])],
    dnssec: mine === 'a' ? dnssec : 'validate',
    dns64: mine === 'b' || options.dns64 ? { prefix: '64:ff9b::/96' } : undefined,
    rebinding: options.rebinding ? { blocked: ['192.0.2.2/32'] } : undefined,
  });
  // Keys of zones are by their order: the one that comes and goes is the last of its view, and only one has it.
  const b = view('10.2.0.0/16', 'b');
  return snapshotOf(
    { b: { ...b, zones: { 'example.': b.zones!['example.']! } }, a: view('10.1.0.0/16', 'a') },
    revision,
  );
}

function turnOver(): void {
  for (let i = 0; i < 4; i++) {
    const record = pick(RECORDS);
    if (IS_FIXED.test(record)) continue;
    const key = `${pick(['a', 'b'])} ${pick(['example', 'over', 'inner'])} ${record}`;
    isThere.set(key, !(isThere.get(key) ?? true));
  }
  if (oneIn(4)) options.inner = !options.inner;
  if (oneIn(4)) options.wideRule = !options.wideRule;
  if (oneIn(4)) options.root = !options.root;
  if (oneIn(6)) options.dns64 = !options.dns64;
  if (oneIn(6)) options.rebinding = !options.rebinding;
  if (oneIn(6)) dnssec = pick(['validate', 'off', 'route53'] as const);
}

/** Upstreams that answer by name and type alone, some at once and some later. */
const resolve: Resolve = (request) => {
  const { name, type } = request;
  const resolution = validated(request, resolved(name, type));
  return name.length % 3 === 0 ? Promise.resolve(resolution) : resolution;
};

const SIGNATURES = setsOf([rrsig('x.', 60, 'A', 'test.')])[0]!.rdatas;
const NSEC = setsOf(['x. 60 IN NSEC y. A RRSIG NSEC'])[0]!.rdatas;
const signed = (set: Rrset): Rrset => ({ ...set, sigs: SIGNATURES });

/** The same with what validation adds, by the name: signed or not, and one label that is bogus. */
function validated({ name, path, checkingDisabled }: ResolveRequest, resolution: Resolution): Resolution {
  if (!path.validate && path.kind === 'forward') return resolution;
  const label = nameToText(name).split('.')[0]!;
  if (label === 'b' && checkingDisabled !== true)
    return { ...resolved(nameFromText('long.'), 1), ede: [{ code: EDE.BOGUS, text: 'no' }] };
  if (name.length % 2 === 0) return { ...resolution, security: 'insecure' };
  const proof: Rrset = signed({ name, type: TYPE.NSEC, ttl: 25, rdatas: NSEC });
  const { soa, outcome } = resolution;
  return {
    ...resolution,
    rrsets: resolution.rrsets.map(signed),
    ...(soa && { soa: signed(soa) }),
    ...(outcome === 'nodata' || outcome === 'nxdomain' ? { proofs: [proof] } : {}),
    security: checkingDisabled === true ? 'unchecked' : 'secure',
  };
}

function resolved(name: Name, type: number): Resolution {
  const label = nameToText(name).split('.')[0]!;
  const common = { ede: [], source: 'upstream', rcode: RCODE.NOERROR } as const;
  const address = (owner: Name): Rrset => ({
    name: owner,
    type: TYPE.A,
    ttl: 40,
    rdatas: [1, 2, 3].map((i) => Uint8Array.of(192, 0, 2, i)),
  });
  const soa: Rrset = { name: nameFromText('test.'), type: TYPE.SOA, ttl: 30, rdatas: [new Uint8Array(22)] };
  switch (label) {
    case 'none':
      return { ...common, outcome: 'nxdomain', rcode: RCODE.NXDOMAIN, rrsets: [], soa };
    case 'alias': {
      const target = nameFromText(['www.corp.test.', 'cdn.net.', 'one.example.'][name.length % 3]!);
      const link = { name, type: TYPE.CNAME, ttl: 50, rdatas: [target] };
      const rrsets = type === TYPE.CNAME || type === TYPE.ANY ? [link] : [link, address(target)];
      return { ...common, outcome: 'answer', rrsets };
    }
    case 'out':
      return { ...common, outcome: 'nodata', rrsets: [] };
    case 'long':
      return {
        ...common,
        outcome: 'failure',
        rcode: RCODE.SERVFAIL,
        rrsets: [],
        ede: [{ code: EDE.OTHER, text: 'x' }],
      };
    case 'one':
      return {
        ...common,
        outcome: 'answer',
        source: 'stale',
        rrsets: [address(name)],
        ede: [{ code: 3, text: 'old' }],
      };
    default:
      if (type === TYPE.A) return { ...common, outcome: 'answer', rrsets: [address(name)] };
      if (type === TYPE.ANY)
        return {
          ...common,
          outcome: 'answer',
          rrsets: [address(name), { ...address(name), type: TYPE.TXT, rdatas: [Uint8Array.of(1, 65)] }],
        };
      return { ...common, outcome: 'nodata', rrsets: [], soa };
  }
}

const randomCase = (text: string): string =>
  oneIn(3) ? [...text].map((char) => (oneIn(2) ? char.toUpperCase() : char)).join('') : text;

let lastCookie = new Uint8Array(24);

function randomOptions(): EdnsOption[] {
  const list: EdnsOption[] = [];
  const add = (code: number, data: Uint8Array): void => {
    list.push({ code, data });
  };
  if (oneIn(3))
    add(
      OPTION.COOKIE,
      pick([
        new Uint8Array(8),
        new Uint8Array(8).fill(3),
        lastCookie,
        new Uint8Array(24),
        new Uint8Array(16),
        new Uint8Array(5),
      ]),
    );
  if (oneIn(12)) add(OPTION.NSID, new Uint8Array(0));
  if (oneIn(12)) add(OPTION.ECS, pick([Uint8Array.of(0, 1, 24, 0, 192, 0, 2), Uint8Array.of(0, 1, 9)]));
  if (oneIn(12)) add(OPTION.KEEPALIVE, new Uint8Array(0));
  if (oneIn(12)) add(OPTION.PADDING, new Uint8Array(20));
  if (oneIn(12)) add(65_001, new Uint8Array(3));
  return list;
}

const randomQuestion = (): [string, string] => [
  `${pick(LABELS)}.${pick(SUFFIXES)}`.replace(/^\./, ''),
  pick(TYPES),
];
/** Asked again and again between two reloads. */
let popular: [string, string][] = [];

function randomQuery(): Uint8Array {
  const [name, type] = oneIn(3) ? randomQuestion() : pick(popular);
  const edns = oneIn(3)
    ? {}
    : {
        edns: {
          payload: pick([0, 511, 512, 513, 600, 800, 1231, 1232, 1233, 4096, 65_535]),
          version: oneIn(50) ? 1 : 0,
          dnssecOk: oneIn(3),
          options: oneIn(2) ? [] : randomOptions(),
        },
      };
  const rd = oneIn(10) ? 0 : 0x0100;
  const odd = oneIn(3) ? pick([0x0400, 0x0200, 0x0080, 0x0040, 0x0020, 0x0010, 0x0030, 0x0005, 0x2000]) : 0;
  const bytes = query(randomCase(name), type, { id: prng.below(65_536), flags: rd | odd, ...edns });
  if (oneIn(100)) bytes[12 + nameFromText(name).length + 3] = 3;
  return bytes;
}

const CLIENTS: readonly Client[] = [
  ...['10.1.0.9', '10.2.0.9'].flatMap((address) => [
    clientAt(address),
    clientAt(address),
    clientAt(address, 'tcp'),
  ]),
  clientAt('192.0.2.9'),
];

/** With all TTLs zero. */
function withoutTtls(bytes: Uint8Array): Uint8Array {
  const c = new Cursor(bytes);
  const counts = [0, 2, 4, 6, 8, 10].map((at) => (bytes[at]! << 8) | bytes[at + 1]!);
  c.skip(12);
  for (let i = counts[2]!; i > 0; i--) {
    c.skipName();
    c.skip(4);
  }
  for (let i = counts[3]! + counts[4]! + counts[5]!; i > 0; i--) {
    c.skipName();
    const type = c.u16();
    c.skip(2);
    if (type !== TYPE.OPT) bytes.fill(0, c.off, c.off + 4);
    c.skip(4);
    c.skip(c.u16());
  }
  return bytes;
}

const said = async (reply: Reply | Promise<Reply>): Promise<string> => {
  const bytes = (await reply)?.slice();
  if (bytes === undefined) return 'silence';
  lastCookie = (findOption(readMessage(bytes).edns, OPTION.COOKIE)?.slice() ??
    lastCookie) as Uint8Array<ArrayBuffer>;
  return Buffer.from(withoutTtls(bytes)).toString('hex');
};

t.test(`${QUERIES} queries, with and without an answer cache`, async (t) => {
  const clock = new ManualClock();
  let now = snapshot(1);
  const warm = pipelineOf(now, { clock, resolve });
  const cold = pipelineOf(now, { clock, resolve });
  cold.answers.find = () => -1;
  const rcodes = new Set<number>();
  let authentic = 0;
  let differing = 0;
  for (let i = 1; i <= QUERIES && differing < 3; i++) {
    if (i % QUERIES_PER_RELOAD === 1) {
      popular = Array.from({ length: 12 }, randomQuestion);
      turnOver();
      const next = snapshot(i);
      const { touched } = diffSnapshots(now, next);
      warm.pipeline.world = new World(next, warm.dependencies);
      cold.pipeline.world = new World(next, cold.dependencies);
      for (const hash of touched) warm.dependencies.bump(warm.dependencies.slotOf(hash));
      now = next;
    }
    if (oneIn(20)) clock.advance(prng.below(3000));
    const bytes = randomQuery();
    const client = pick(CLIENTS);
    const remembered = await said(warm.pipeline.handle(bytes.slice(), client));
    const made = await said(cold.pipeline.handle(bytes.slice(), client));
    if (made !== 'silence') {
      const { rcode, flags } = readMessage(Buffer.from(made, 'hex'));
      rcodes.add(rcode);
      if ((flags & FLAG.AD) !== 0) authentic++;
    }
    if (remembered === made) continue;
    differing++;
    const { question, flags, edns } = readMessage(bytes);
    t.fail(`query ${i}: ${nameToText(question!.name)} ${question!.type} flags ${flags.toString(16)}`, {
      client: `${client.transport} ${client.address}`,
      edns,
      remembered,
      made,
    });
  }
  t.equal(differing, 0);
  const hits = warm.counters.sum('answersFromCache');
  t.ok(hits > QUERIES / 10, `${hits} from the answer cache`);
  t.ok(authentic > QUERIES / 500, `${authentic} with AD`);
  t.same(
    [...rcodes].toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 16],
  );
});

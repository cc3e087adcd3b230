/**
 * Mutated queries against the whole pipeline: whatever the bytes are, nothing is thrown, none takes long, and each
 * gets silence or a response that fits it. 40,000 inputs from a fixed seed; with CAUSEWAY_LONG=1 a million from a
 * seed that is printed.
 */
import t from 'tap';
import type { Client } from '../../src/server/handler.ts';
import type { Pipeline } from '../../src/server/pipeline.ts';
import type { Resolve } from '../../src/server/query.ts';
import { cryptoPrng, SeededPrng } from '../../src/util/prng.ts';
import type { Role, Snapshot } from '../../src/view/snapshot.ts';
import { FLAG, OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { WireError } from '../../src/wire/error.ts';
import { type Message, readMessage } from '../../src/wire/message.ts';
import { LONG } from '../support/long.ts';
import { PATIENCE } from '../support/patience.ts';
import { clientAt, EDNS, pipelineOf, query } from '../support/pipeline.ts';
import { snapshotOf, withAuthority } from '../support/world.ts';
import { mutateMessage, pick } from './mutate.ts';

const INPUTS = LONG ? 1_000_000 : 40_000;
const SEED = LONG ? cryptoPrng.u32() : 20260202;
/** One packet may not hold up the others of its thread for longer. */
const MS_MAX = 5 * PATIENCE;
/** The collector may fall into a measurement, but not into each of several. */
const RETRIES = 3;

const ZONE = `www A 10.0.0.1\nwww A 10.0.0.2\nalias CNAME www\nout CNAME a.corp.test.\n*.wild TXT "w"
old DNAME new\nsub NS ns.sub\nns.sub A 10.0.0.3\nmail MX 10 www
big TXT ${'"0123456789012345678901234567890123456789012345678901234567890123456789" '.repeat(60)}`;

const resolve: Resolve = ({ name, type }) => {
  const common = { ede: [], source: 'upstream', rcode: RCODE.NOERROR } as const;
  const rdatas = [Uint8Array.of(192, 0, 2, 1), Uint8Array.of(192, 0, 2, 2)];
  if (type === TYPE.A) return { ...common, outcome: 'answer', rrsets: [{ name, type, ttl: 60, rdatas }] };
  const ede = [{ code: 22, text: 'rule r-1: no target answered' }];
  return { ...common, outcome: 'failure', rcode: RCODE.SERVFAIL, rrsets: [], ede };
};

function seeds(): Uint8Array[] {
  const names = ['www', 'alias', 'out', 'x.wild', 'a.old', 'h.sub', 'mail', 'big', 'none'];
  const options = [
    { code: OPTION.COOKIE, data: new Uint8Array(24).fill(7) },
    { code: OPTION.ECS, data: Uint8Array.of(0, 1, 24, 0, 192, 0, 2) },
    { code: OPTION.NSID, data: new Uint8Array(0) },
    { code: 65_313, data: new Uint8Array(16) },
  ];
  const pool = [query('.', 'NS'), query('x.corp.test.', 'A', { edns: EDNS })];
  for (const name of names)
    for (const type of ['A', 'TXT', 'ANY']) {
      pool.push(query(`${name}.example.`, type));
      pool.push(query(`${name}.example.`, type, { edns: EDNS }));
      pool.push(
        query(`${name}.example.`, type, { edns: { ...EDNS, payload: 4096, dnssecOk: true, options } }),
      );
      pool.push(query(`${name}.example.`, type, { edns: { ...EDNS, options: [pick(options, prng)] } }));
    }
  return pool;
}

const prng = new SeededPrng(SEED);
const POOL = seeds();
const CLIENTS: readonly Client[] = [clientAt('10.1.2.3'), clientAt('10.1.2.3', 'tcp'), clientAt('192.0.2.1')];

/** Most of what `mutateMessage` makes is no message any more; this mostly still is one. */
function changedOctet(): Uint8Array {
  const bytes = pick(POOL, prng).slice();
  bytes[prng.below(bytes.length)] = prng.below(256);
  return bytes;
}

function read(bytes: Uint8Array): Message | undefined {
  try {
    return readMessage(bytes);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** What is wrong with a reply, or undefined. */
function faultOf(bytes: Uint8Array, client: Client, reply: Uint8Array, serves: Role): string | undefined {
  const said = readMessage(reply);
  const asked = read(bytes);
  const flags = (bytes[2]! << 8) | bytes[3]!;
  const isAuthority = serves === 'authority';
  const kept = 0x7800 | FLAG.RD | (isAuthority ? 0 : FLAG.CD);
  if (said.trailing > 0) return 'octets after the end';
  if (said.id !== ((bytes[0]! << 8) | bytes[1]!)) return 'another ID';
  if ((said.flags & FLAG.QR) === 0 || (said.flags & (FLAG.AD | 0x40)) !== 0) return 'flags';
  if ((said.flags & kept) !== (flags & kept)) return 'opcode, RD or CD not copied';
  if (isAuthority === ((said.flags & FLAG.RA) !== 0)) return 'RA of the other role';
  const limit =
    client.transport === 'tcp' ? 65_535 : Math.min(Math.max(asked?.edns?.payload ?? 512, 512), 1232);
  if (reply.length > limit) return `${reply.length} octets, ${limit} asked for`;
  if (asked === undefined)
    return said.rcode === RCODE.FORMERR || said.rcode === RCODE.NOTIMP ? undefined : 'an answer to garbage';
  if ((asked.edns === undefined) !== (said.edns === undefined))
    return 'OPT for who sent none, or none for who did';
  if (asked.qdcount === 0) return said.question === undefined ? undefined : 'a question nobody asked';
  const [mine, theirs] = [asked.question!, said.question!];
  const same =
    mine.type === theirs.type && mine.class === theirs.class && Buffer.compare(mine.name, theirs.name) === 0;
  return same ? undefined : 'another question';
}

/** Where native sockets put a query: behind it is what is left of others, which nobody may ever see. */
const SLOT = new Uint8Array(4160).fill(0xff);

const SNAPSHOT = snapshotOf({
  v: { cidrs: ['10.0.0.0/8'], zones: { 'example.': ZONE }, forward: ['corp.test.'] },
});

t.test(`${INPUTS} mutated queries, seed ${SEED}`, (t) => fuzz(t as Tap, SNAPSHOT, INPUTS));

t.test('fewer to an authoritative endpoint', (t) => fuzz(t as Tap, withAuthority(SNAPSHOT, 'v'), INPUTS / 4));

type Tap = typeof t;

async function fuzz(t: Tap, snapshot: Snapshot, inputs: number): Promise<void> {
  const { pipeline, counters } = pipelineOf(snapshot, { resolve });
  const { serves } = snapshot.endpoints[0]!;
  const rcodes = new Map<number, number>();
  let slow = 0;
  let worst = 0;
  let silent = 0;
  for (let i = 0; i < inputs; i++) {
    const bytes = prng.below(2) === 0 ? mutateMessage(POOL, prng) : changedOctet();
    // Responses are dropped at the door.
    if (bytes.length > 2) bytes[2]! &= 0x7f;
    if (bytes.length > 2 && prng.below(2) === 0) bytes[2]! &= 0x87;
    const client = pick(CLIENTS, prng);
    const start = performance.now();
    const reply = pipeline.handle(bytes, client);
    const ms = performance.now() - start;
    worst = Math.max(worst, ms);
    if (ms > MS_MAX && isSlow(() => void pipeline.handle(bytes, client))) slow++;
    if (reply === undefined) {
      silent++;
      if (bytes.length >= 12) t.fail(`silence: ${Buffer.from(bytes).toString('hex')}`);
      continue;
    }
    if (reply instanceof Promise) throw new Error('nothing here waits');
    const fault = faultOf(bytes, client, reply, serves);
    if (fault !== undefined) return void t.fail(`${fault}: ${Buffer.from(bytes).toString('hex')}`);
    const { rcode } = readMessage(reply);
    if (!isSameInSlot(reply.slice(), bytes, client, pipeline))
      return void t.fail(`another reply in a slot: ${Buffer.from(bytes).toString('hex')}`);
    rcodes.set(rcode, (rcodes.get(rcode) ?? 0) + 1);
  }
  t.equal(slow, 0, `none took over ${MS_MAX} ms; the worst ${worst.toFixed(1)} ms`);
  t.ok(silent < inputs / 10, `${silent} too short to be answered`);
  t.comment(`rcodes: ${[...rcodes].map(([rcode, count]) => `${rcode}: ${count}`).join(', ')}`);
  t.ok((rcodes.get(RCODE.NOERROR) ?? 0) > inputs / 100);
  t.comment(`${counters.sum('answersFromCache')} from the answer cache`);
}

function isSameInSlot(reply: Uint8Array, bytes: Uint8Array, client: Client, pipeline: Pipeline): boolean {
  if (bytes.length > SLOT.length) return true;
  SLOT.set(bytes);
  const again = pipeline.handle(SLOT, client, bytes.length);
  return again instanceof Uint8Array && Buffer.compare(again, reply) === 0;
}

function isSlow(work: () => void): boolean {
  for (let i = 0; i < RETRIES; i++) {
    const start = performance.now();
    work();
    if (performance.now() - start <= MS_MAX) return false;
  }
  return true;
}

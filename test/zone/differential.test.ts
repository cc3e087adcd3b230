/**
 * The same zones in NSD and Knot: every name × type of random zones and of one that has it all, asked by UDP, must
 * be answered with the same rcode, AA, answer, authority and glue.
 */
import { createSocket, type Socket } from 'node:dgram';
import fc from 'fast-check';
import t from 'tap';
import { FLAG, RCODE, TYPE } from '../../src/wire/constants.ts';
import { encodeQuery, type Message, readMessage } from '../../src/wire/message.ts';
import { isAtOrBelow, nameEquals, nameToText } from '../../src/wire/name.ts';
import { rdataToText, typeFromText, typeToText } from '../../src/wire/rdata/table.ts';
import type { Rr, Rrset } from '../../src/wire/record.ts';
import { Zone } from '../../src/zone/image.ts';
import { lookup } from '../../src/zone/lookup.ts';
import { type DnsServer, missing, startKnot, startNsd } from '../support/servers.ts';
import { ORIGIN, questions, randomZone } from './random.ts';
import { APEX, build, name } from './support.ts';

const RANDOM_ZONES = 12;
const SEED = 4592;
const TYPES = ['A', 'TXT', 'CNAME', 'NS', 'DS', 'DNAME', 'SOA', 'MX'];

const RICH = `
*.a       A     192.0.2.1
*.a       TXT   wild
b.a       A     192.0.2.2
x.y.a     A     192.0.2.3
*.alias   CNAME b.a
c1        CNAME c2
c2        CNAME b.a
c3        CNAME nowhere
c4        CNAME x.cut
c5        CNAME www.far.
c6        CNAME a.old
cut       NS    ns.cut
cut       NS    ns.beside
cut       NS    b.a
cut       DS    1 13 2 ${'0A'.repeat(32)}
ns.cut    A     192.0.2.4
ns.cut    AAAA  2001:db8::4
beside    NS    ns.beside
ns.beside A     192.0.2.5
old       DNAME a
old       TXT   stays
far       DNAME a.far.
long      DNAME ${'l'.repeat(60)}.${'l'.repeat(60)}.${'l'.repeat(60)}.${'l'.repeat(50)}.
Case      MX    10 B.A
`;
const RICH_NAMES = [
  ...['', 'a.', 'b.a.', 'z.a.', 'z.z.a.', 'x.y.a.', 'y.a.', 'z.y.a.', '*.a.', 'z.b.a.', 'z.*.a.'],
  ...['alias.', '*.alias.', 'z.alias.', 'c1.', 'c2.', 'c3.', 'c4.', 'c5.', 'c6.', 'z.c1.', 'nowhere.'],
  ...['cut.', 'ns.cut.', 'z.cut.', 'z.ns.cut.', 'beside.', 'z.beside.', 'old.', 'a.old.', 'b.old.', 'y.old.'],
  ...[
    'z.y.old.',
    'far.',
    'z.far.',
    'long.',
    'zzz.long.',
    `${'z'.repeat(30)}.long.`,
    'case.',
    'CASE.',
    'z.case.',
  ],
];

/** Name → text of the zone and names to ask. */
const zones = new Map([
  ['rich.test.', { text: APEX + RICH, names: RICH_NAMES.map((head) => `${head}rich.test.`) }],
]);
// Both refuse to load data below a DNAME, which we leave out with a warning.
const loadable = fc
  .sample(randomZone, { numRuns: 4 * RANDOM_ZONES, seed: SEED })
  .filter(
    (text) => !build(ORIGIN, APEX + text).warnings.some(({ message }) => message.includes('below a DNAME')),
  );
loadable.slice(0, RANDOM_ZONES).forEach((text, i) => {
  const origin = `z${i}.test.`;
  const rename = (from: string): string => from.replaceAll(ORIGIN, origin);
  zones.set(origin, { text: APEX + rename(text), names: questions(3).map(rename) });
});

/** What is compared of an answer. */
interface Essence {
  readonly rcode: number;
  readonly aa: boolean;
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly glue: readonly string[];
}

function line(rrName: Uint8Array, ttl: number, type: number, rdata: Uint8Array): string {
  return `${nameToText(rrName)} ${ttl} ${typeToText(type)} ${rdataToText(type, rdata)}`.toLowerCase();
}

function ours(zone: Zone, qname: string, qtype: number): Essence {
  const answer: Rrset[] = [];
  const authority: Rrset[] = [];
  const glue: Rrset[] = [];
  let rcode: number = RCODE.NOERROR;
  let aa = true;
  const visited: Uint8Array[] = [];
  for (let current: Uint8Array | undefined = name(qname); current !== undefined; ) {
    const result = lookup(zone, current, qtype);
    visited.push(current);
    current = undefined;
    switch (result.kind) {
      case 'hit':
      case 'any':
        answer.push(result.rrset);
        break;
      case 'nodata':
      case 'nxdomain':
        authority.push(result.soa);
        if (result.kind === 'nxdomain') rcode = RCODE.NXDOMAIN;
        break;
      case 'delegation':
        if (answer.length === 0) aa = false;
        authority.push(result.ns);
        glue.push(...result.glue);
        break;
      case 'cname':
        answer.push(result.rrset);
        current = result.target;
        break;
      case 'dname':
        answer.push(result.rrset, result.cname);
        current = result.target;
        break;
      case 'dname-too-long':
        answer.push(result.rrset);
        rcode = RCODE.YXDOMAIN;
    }
    const next: Uint8Array | undefined = current;
    if (next === undefined) continue;
    if (!isAtOrBelow(next, zone.origin) || visited.some((seen) => nameEquals(seen, next)))
      current = undefined;
  }
  const text = (list: readonly Rrset[]): string[] =>
    [
      ...new Set(list.flatMap((set) => set.rdatas.map((rdata) => line(set.name, set.ttl, set.type, rdata)))),
    ].sort();
  return { rcode, aa, answer: text(answer), authority: text(authority), glue: text(glue) };
}

function theirs(message: Message): Essence {
  const text = (list: readonly Rr[]): string[] =>
    [...new Set(list.map((rr) => line(rr.name, rr.ttl, rr.type, rr.rdata)))].sort();
  const isReferral = message.authority.some((rr) => rr.type === TYPE.NS);
  return {
    rcode: message.rcode,
    aa: (message.flags & FLAG.AA) !== 0,
    answer: text(message.answer),
    authority: text(message.authority),
    glue: isReferral ? text(message.additional) : [],
  };
}

const WINDOW = 50;
const RETRY_MS = 500;

/** Asks all questions, some at a time, each again until it is answered. */
async function askAll(server: DnsServer, list: readonly (readonly [string, number])[]): Promise<Message[]> {
  const socket: Socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.connect(server.port, server.address, resolve));
  const replies: Message[] = [];
  for (let from = 0; from < list.length; from += WINDOW) {
    const batch = list.slice(from, from + WINDOW);
    await new Promise<void>((resolve) => {
      let open = batch.length;
      const send = (): void =>
        batch.forEach(([qname, type], i) => {
          if (replies[from + i] !== undefined) return;
          const edns = { payload: 4096, version: 0, dnssecOk: false, options: [] };
          socket.send(encodeQuery({ id: i, name: name(qname), type, flags: 0, edns }));
        });
      const again = setInterval(send, RETRY_MS);
      socket.removeAllListeners('message').on('message', (bytes) => {
        const message = readMessage(bytes);
        const [qname, type] = batch[message.id] ?? ['', 0];
        const at = from + message.id;
        if (message.question?.type !== type || nameToText(message.question.name) !== qname) return;
        if (replies[at] !== undefined) return;
        replies[at] = message;
        if (--open > 0) return;
        clearInterval(again);
        resolve();
      });
      send();
    });
  }
  socket.close();
  return replies;
}

async function compare(t: Tap, server: DnsServer): Promise<void> {
  let asked = 0;
  for (const [origin, { text, names }] of zones) {
    const zone = Zone.from(build(origin, text).image!);
    const list = names.flatMap((qname) => TYPES.map((type) => [qname, typeFromText(type)!] as const));
    const replies = await askAll(server, list);
    const differences: unknown[] = [];
    list.forEach(([qname, type], i) => {
      const mine = ours(zone, qname, type);
      const other = theirs(replies[i]!);
      asked++;
      if (JSON.stringify(mine) !== JSON.stringify(other))
        differences.push({ question: `${qname} ${typeToText(type)}`, mine, other });
    });
    if (differences.length > 0) t.comment(text);
    t.same(differences.slice(0, 3), [], origin);
  }
  t.comment(`${asked} questions`);
}

type Tap = typeof t;

const texts = Object.fromEntries([...zones].map(([origin, { text }]) => [origin, text]));

t.test('NSD', { skip: missing('nsd') }, async (t) => {
  const server = await startNsd({ zones: texts, extra: ['minimal-responses: yes'] });
  t.teardown(() => server.stop());
  await compare(t as Tap, server);
});

t.test('Knot', { skip: missing('knotd') }, async (t) => {
  const server = await startKnot({ zones: texts });
  t.teardown(() => server.stop());
  await compare(t as Tap, server);
});

/** The authority of the simulated network held against NSD, on zones that ldns-signzone signed. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { FLAG, OPTION, rcodeToText } from '../../src/wire/constants.ts';
import type { Edns } from '../../src/wire/edns.ts';
import { encodeQuery, type Message, readMessage } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import type { Rr } from '../../src/wire/record.ts';
import {
  type AuthorityOptions,
  type AuthorityZone,
  authority,
  fit,
  respond,
  zoneFromText,
} from './authority.ts';
import { rrText } from './pipeline.ts';
import { type DnsServer, missing, startNsd } from './servers.ts';
import type { SimQuery } from './simnet.ts';
import { typeCode } from './simnet.ts';
import { findTool } from './tools.ts';

const ORIGIN = 'zone.test.';
const ZONE = `
$ORIGIN zone.test.
$TTL 300
@ 3600 SOA ns1 host 1 7200 900 1209600 60
@ NS ns1
@ NS ns2
@ NS ns.elsewhere.example.
@ MX 10 mail
@ TXT "apex"
ns1 A 192.0.2.1
ns1 AAAA 2001:db8::1
ns2 A 192.0.2.2
mail A 192.0.2.3
www A 192.0.2.10
www A 192.0.2.11
www TXT "one" "two"
deep.in.ent A 192.0.2.12
* TXT "wild at the apex"
*.wild A 192.0.2.13
*.wild MX 10 mail
a.wild TXT "beside the wildcard"
sub.b.wild A 192.0.2.14
*.alias CNAME www
*.alias2 CNAME nowhere.wild2
*.wild2 TXT "x"
alias CNAME www
chain1 CNAME chain2
chain2 CNAME chain3
chain3 CNAME www
toent CNAME in.ent
towild CNAME x.wild
tonothing CNAME nothing.www
tocut CNAME host.secure
out CNAME www.elsewhere.example.
loop1 CNAME loop2
loop2 CNAME loop1
old DNAME new
host.new A 192.0.2.15
far DNAME elsewhere.example.
secure NS ns.secure
secure NS ns1
secure DS 12345 13 2 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
ns.secure A 192.0.2.20
ns.secure AAAA 2001:db8::20
insecure NS ns.insecure
ns.insecure A 192.0.2.21
glueless NS ns.elsewhere.example.
deep.cut NS ns.secure
srv SRV 1 2 3 www
big TXT "${'b'.repeat(250)}"
big TXT "${'c'.repeat(250)}"
big TXT "${'d'.repeat(250)}"
`;

const NAMES = [
  ...['@', 'ns1', 'www', 'nothing', 'a.nothing', 'nothing.www', 'a.b.www', 'ent', 'in.ent', 'deep.in.ent'],
  ...['x.ent', 'x.in.ent', 'x.deep.in.ent', 'wild', 'x.wild', 'x.y.wild', '*.wild', 'x.*.wild', 'a.wild'],
  ...['x.a.wild', 'b.wild', 'x.b.wild', 'sub.b.wild', '*', 'x.alias', 'x.y.alias', 'x.alias2', 'alias'],
  ...['chain1', 'toent', 'towild', 'tonothing', 'tocut', 'out', 'loop1', 'old', 'host.old', 'no.old'],
  ...['a.host.old', 'far', 'x.far', 'secure', 'host.secure', 'a.host.secure', 'ns.secure', 'insecure'],
  ...['host.insecure', 'glueless', 'x.glueless', 'cut', 'deep.cut', 'x.deep.cut', 'y.cut', 'srv', 'mail'],
  ...['0', 'zzz', 'WwW', 'X.WILD', 'in', 'n', 'secur', 'securf', 'host.secura'],
];
/**
 * Where NSD 4.6 goes its own way: at the end of a DNAME it proves the wildcard's absence but not the name's, and for
 * the asterisk itself, which matches an NSEC3 record, it adds the closest encloser's.
 */
const ODD_IN_NSD = ['no.old', '*', '*.wild'];
const TYPES = ['A', 'TXT', 'NS', 'MX', 'SRV', 'CNAME', 'DNAME', 'SOA', 'DS', 'DNSKEY', 'NSEC3PARAM'];

/** What is asked of both. */
interface Asked {
  readonly name: string;
  readonly type: string;
  readonly signed: boolean;
  readonly payload: number;
}

function bytesOf(asked: Asked, id: number): Uint8Array {
  const name = nameFromText(asked.name, nameFromText(ORIGIN));
  const edns = { payload: asked.payload, version: 0, dnssecOk: asked.signed, options: [] };
  return encodeQuery({ id, name, type: typeCode(asked.type), flags: 0, edns });
}

/** All replies, by number of the question. */
async function askNsd(server: DnsServer, questions: readonly Asked[]): Promise<Message[]> {
  const socket = createSocket('udp4');
  const replies: Message[] = [];
  socket.on('message', (bytes) => {
    const message = readMessage(new Uint8Array(bytes));
    replies[message.id] = message;
  });
  await new Promise<void>((done) => socket.connect(server.port, server.address, done));
  for (let round = 0; round < 20; round++) {
    const open = questions.flatMap((_, id) => (replies[id] === undefined ? [id] : []));
    for (const id of open.slice(0, 1000)) socket.send(bytesOf(questions[id]!, id));
    if (open.length > 0) await new Promise((done) => setTimeout(done, 100));
  }
  socket.close();
  return replies;
}

const sorted = (records: readonly Rr[]): string[] => records.map((rr) => rrText(rr).toLowerCase()).sort();
const isNs = (rr: Rr): boolean => / (?:rrsig )?ns /.test(rrText(rr).toLowerCase());

function comparable(message: Message): object {
  const isReferral =
    !message.authority.some((rr) => rrText(rr).includes(' SOA ')) && message.answer.length === 0;
  return {
    rcode: rcodeToText(message.rcode),
    aa: (message.flags & FLAG.AA) !== 0,
    tc: (message.flags & FLAG.TC) !== 0,
    answer: sorted(message.answer),
    // Beside an answer, the zone's servers and their addresses are a courtesy and a matter of taste.
    authority: sorted(message.authority.filter((rr) => isReferral || !isNs(rr))),
    glue: isReferral ? sorted(message.additional) : [],
    dnssecOk: message.edns?.dnssecOk,
  };
}

const folder = mkdtempSync(join(tmpdir(), 'causeway-authority-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function signZoneFile(...options: string[]): string {
  const run = (program: string, ...args: string[]): string =>
    execFileSync(findTool(program)!, args, { cwd: folder, encoding: 'latin1' }).trim();
  writeFileSync(join(folder, 'zone'), ZONE);
  const key = run('ldns-keygen', '-a', 'ECDSAP256SHA256', '-r', '/dev/urandom', '-k', ORIGIN);
  run('ldns-signzone', ...options, '-o', ORIGIN, '-f', 'signed', 'zone', key);
  return readFileSync(join(folder, 'signed'), 'latin1');
}

const VARIANTS: readonly (readonly [what: string, text: () => string])[] = [
  ['unsigned', () => ZONE],
  ['NSEC', () => signZoneFile()],
  ['NSEC3', () => signZoneFile('-n', '-t', '2', '-s', 'abcd')],
  ['NSEC3 with opt-out', () => signZoneFile('-n', '-p')],
];

const SKIP = missing('nsd', 'ldns-signzone', 'ldns-keygen');

for (const [what, text] of VARIANTS)
  t.test(`${what}: as NSD answers`, { skip: SKIP }, async (t) => {
    const zone = text();
    const nsd = await startNsd({ zones: { [ORIGIN]: zone }, extra: ['ipv4-edns-size: 4096'] });
    t.teardown(() => nsd.stop());
    const ours = zoneFromText(ORIGIN, zone);
    const names = what === 'unsigned' ? NAMES : NAMES.filter((name) => !ODD_IN_NSD.includes(name));
    const questions = names.flatMap((name) =>
      TYPES.flatMap((type) => [true, false].map((signed): Asked => ({ name, type, signed, payload: 4096 }))),
    );
    const truth = await askNsd(nsd, questions);
    let different = 0;
    questions.forEach((asked, id) => {
      const query = readMessage(bytesOf(asked, id));
      const sim = { protocol: 'udp', message: query } as SimQuery;
      const packet = respond(query, [ours], { minimal: false, payload: 4096 });
      const mine = comparable(readMessage(fit(packet, sim, { payload: 4096 })));
      if (JSON.stringify(mine) === JSON.stringify(comparable(truth[id]!))) return;
      if (different++ < 3) t.same(mine, comparable(truth[id]!), JSON.stringify(asked));
    });
    t.equal(different, 0, `${questions.length} questions`);
  });

/** One question to a server of these zones, by UDP unless told otherwise. */
function ask(
  zones: readonly AuthorityZone[],
  name: string,
  type: string,
  options: { edns?: Partial<Edns>; protocol?: 'udp' | 'tcp'; server?: AuthorityOptions } = {},
): Message & { readonly size: number } {
  const edns = { payload: 1232, version: 0, dnssecOk: false, options: [], ...options.edns };
  const query = encodeQuery({
    id: 7,
    name: nameFromText(name),
    type: typeCode(type),
    flags: FLAG.RD,
    ...(options.edns && { edns }),
  });
  let reply = new Uint8Array(0);
  const sim: Partial<SimQuery> = {
    protocol: options.protocol ?? 'udp',
    message: readMessage(query),
    reply: (bytes) => {
      reply = bytes.slice();
    },
  };
  authority(zones, options.server)(sim as SimQuery);
  return { ...readMessage(reply), size: reply.length };
}

const PARENT = zoneFromText('test.', '@ SOA ns h 1 2 3 4 60\n@ NS ns\nzone NS ns.zone\nns.zone A 192.0.2.1');
const CHILD = zoneFromText(ORIGIN, ZONE);

t.test('what does not fit a datagram: TC and no records; by TCP all of it', async (t) => {
  for (const edns of [undefined, { payload: 512 }, { payload: 700 }]) {
    const cut = ask([CHILD], 'big.zone.test.', 'TXT', edns ? { edns } : {});
    t.ok(cut.flags & FLAG.TC, JSON.stringify(edns));
    t.same(cut.answer, []);
    t.ok(cut.size <= 512);
  }
  const whole = ask([CHILD], 'big.zone.test.', 'TXT', { protocol: 'tcp' });
  t.equal(whole.flags & FLAG.TC, 0);
  t.equal(whole.answer.length, 3);
  t.equal(ask([CHILD], 'big.zone.test.', 'TXT', { edns: {} }).answer.length, 3);
});

t.test(
  'EDNS: repeated with DO, a version to come refused, passed over by who knows nothing of it',
  async (t) => {
    t.equal(ask([CHILD], 'www.zone.test.', 'A').edns, undefined);
    t.equal(ask([CHILD], 'www.zone.test.', 'A', { edns: { dnssecOk: true } }).edns?.dnssecOk, true);
    t.equal(rcodeToText(ask([CHILD], 'www.zone.test.', 'A', { edns: { version: 1 } }).rcode), 'BADVERS');
    t.equal(ask([CHILD], 'www.zone.test.', 'A', { edns: {}, server: { edns: false } }).edns, undefined);
    const cookie = { code: OPTION.COOKIE, data: new Uint8Array(8).fill(9) };
    const back = ask([CHILD], 'www.zone.test.', 'A', {
      edns: { options: [cookie] },
      server: { cookies: true },
    });
    t.equal(back.edns?.options[0]?.data.length, 16);
  },
);

t.test('DS: from the parent where the server has both, denied by the child where it has not', async (t) => {
  const owner = (message: Message): string => rrText(message.authority[0]!).split(' ')[0]!;
  t.equal(owner(ask([CHILD, PARENT], 'zone.test.', 'DS')), 'test.');
  t.equal(owner(ask([CHILD], 'zone.test.', 'DS')), 'zone.test.');
  t.equal(owner(ask([PARENT, CHILD], 'x.www.zone.test.', 'A')), 'zone.test.');
});

t.test('the encloser of the apex is itself: a liar may deny it', async (t) => {
  const origin = nameFromText(ORIGIN);
  t.same(CHILD.closestEncloser(origin), origin);
  t.same(CHILD.closestEncloser(nameFromText(`x.y.${ORIGIN}`)), origin);
});

t.test('what is in none of its zones is refused', async (t) => {
  t.equal(rcodeToText(ask([CHILD], 'www.other.test.', 'A').rcode), 'REFUSED');
});

t.test(
  'a reply compresses without regard to case: names come back in the letters of the question',
  async (t) => {
    const reply = ask([CHILD], 'WwW.zOnE.tEsT.', 'A');
    t.match(rrText(reply.answer[0]!), /^WwW\.zOnE\.tEsT\. /);
  },
);

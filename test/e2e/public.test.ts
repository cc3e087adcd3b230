/** Public zones, served by an authoritative endpoint of the daemon: beside NSD, and as the options of the endpoint say. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { at, type DigReply, dig, kdig, parseDig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missing, startNsd } from '../support/servers.ts';
import { findTool } from '../support/tools.ts';
import { ORIGIN, questions, randomZone } from '../zone/random.ts';
import { build } from '../zone/support.ts';
import { APEX } from './config.ts';

const skip = missing('dig', 'kdig', 'nsd');

const RICH = `
@ 900     NS    ns2
@ 900     NS    ns.far.test.
ns2       A     192.0.2.253
ns2       AAAA  2001:db8::253
@         MX    10 mail
@         MX    20 mail.far.test.
@         A     192.0.2.1
mail      A     192.0.2.25
mail      AAAA  2001:db8::25
www       A     192.0.2.80
www       A     192.0.2.81
_sip._udp SRV   1 2 5060 www
svc       SVCB  1 www alpn=h2
here      HTTPS 1 . alpn=h3
here      A     192.0.2.82
*.wild    A     192.0.2.90
*.wild    MX    10 x.wild
a.b.ent   TXT   "deep"
alias     CNAME www
alias2    CNAME alias
gone      CNAME nowhere
out       CNAME www.far.test.
empty     CNAME ent
into      CNAME www.cut
*.al      CNAME www
cut       NS    ns.cut
cut       NS    ns.beside
cut       NS    ns2
cut       NS    ns.far.test.
cut       DS    1 13 2 ${'0A'.repeat(32)}
ns.cut    A     192.0.2.4
ns.cut    AAAA  2001:db8::4
beside    NS    ns.beside
ns.beside A     192.0.2.5
old       DNAME ent
old       TXT   "stays"
far       DNAME a.far.test.
`;
const HEADS = [
  ...['', 'www.', 'WwW.', 'mail.', 'ns.', 'ns2.', '_sip._udp.', '_udp.', 'svc.', 'here.', 'x.www.'],
  ...['wild.', '*.wild.', 'x.wild.', 'y.x.wild.', 'ent.', 'b.ent.', 'a.b.ent.', 'z.ent.', 'z.b.ent.'],
  ...['alias.', 'alias2.', 'gone.', 'out.', 'empty.', 'into.', 'x.al.', 'al.', 'x.alias.', 'nowhere.'],
  ...[
    'cut.',
    'ns.cut.',
    'x.cut.',
    'x.ns.cut.',
    'beside.',
    'ns.beside.',
    'old.',
    'b.old.',
    'a.b.old.',
    'q.old.',
  ],
  ...['far.', 'x.far.', '\\000.', 'a\\.b.'],
];
const TYPES = ['A', 'AAAA', 'TXT', 'MX', 'NS', 'SOA', 'CNAME', 'DS', 'DNAME', 'SRV', 'SVCB', 'HTTPS'];
const SOME_TYPES = ['A', 'TXT', 'NS', 'DS', 'CNAME', 'SOA'];
const RANDOM_ZONES = 6;

/** Name of a zone → its text, and the questions for it. */
const zones = new Map<string, { text: string; asked: [string, string][] }>();
const each = (names: readonly string[], types: readonly string[]) =>
  names.flatMap((name) => types.map((type): [string, string] => [name, type]));
zones.set('rich.test.', {
  text: `${APEX}${RICH}`,
  asked: each(
    HEADS.map((head) => `${head}rich.test.`),
    TYPES,
  ),
});
fc.sample(randomZone, { numRuns: 4 * RANDOM_ZONES, seed: 7871 })
  // NSD does not load what lies below a DNAME; here it is left out with a warning.
  .filter((text) => !build(ORIGIN, APEX + text).warnings.some(({ message }) => message.includes('DNAME')))
  .slice(0, RANDOM_ZONES)
  .forEach((text, i) => {
    const rename = (from: string): string => from.replaceAll(ORIGIN, `z${i}.test.`);
    zones.set(`z${i}.test.`, {
      text: APEX + rename(text),
      asked: each(questions(3).map(rename), SOME_TYPES),
    });
  });
const outside = each(['test.', 'far.test.', '.', 'xrich.test.'], ['A', 'NS']);

const LISTEN = 'listen: ["127.0.0.1:PORT"]';

interface Parts {
  readonly endpoint?: string;
  readonly zones: readonly string[];
  readonly more?: string;
}

function serve(parts: Parts, files: Record<string, string> = {}): Promise<Daemon> {
  const { endpoint = 'delegationSet: set-1', more = '' } = parts;
  return startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 1, cache: 32MB, metrics: off, rateLimit: off }
endpoints:
  authoritative: [{ id: auth-1, ${LISTEN}, ${endpoint} }]
delegationSets: [{ id: set-1, nameServers: [ns1.dns.example.net., ns2.dns.example.net.] }]
${more}zones:
${parts.zones.map((zone) => `  - ${zone}\n`).join('')}`,
    files,
  });
}

/** All questions by one dig, one after the other. */
async function digAll(
  server: { address: string; port: number },
  asked: readonly [string, string][],
  folder: string,
  ...options: string[]
): Promise<DigReply[]> {
  const file = join(folder, 'questions');
  const lines = asked.map(([name, type]) => [...at(server), ...options, name, type].join(' '));
  writeFileSync(file, `${lines.join('\n')}\n`);
  const args = ['-r', '+tries=2', '+time=3', '-f', file];
  const { stdout } = await promisify(execFile)(findTool('dig')!, args, { maxBuffer: 1 << 28 });
  const outputs = stdout.split(/^; <<>> DiG /m).slice(1);
  return Promise.all(
    outputs.map((output, i) => {
      const reply = parseDig(output);
      // dig draws its ports, and where it draws that of the server it hears itself.
      const isEcho = reply.status !== 'NOREPLY' && !reply.flags.includes('qr');
      return isEcho ? dig(at(server), ...options, ...asked[i]!) : reply;
    }),
  );
}

/**
 * What is compared. NSD gives no NS with DS, nor with the CNAME that is made of a DNAME where that is what was asked
 * for; and no addresses with SVCB and HTTPS, as RFC 9460 section 4.1 has it.
 */
function essence(
  { status, flags, answers, authority, additional, questions }: DigReply,
  type: string,
): unknown {
  const text = (records: DigReply['answers']): string[] => records.map((rr) => rr.text.toLowerCase()).sort();
  const isData = status === 'NOERROR' && answers.length > 0;
  const hasNoNs =
    isData && (type === 'DS' || (type === 'CNAME' && answers.some((rr) => rr.type === 'DNAME')));
  const hasLess = isData && (type === 'SVCB' || type === 'HTTPS');
  return {
    questions,
    status,
    flags: flags.filter((flag) => flag !== 'qr'),
    answers: text(answers),
    authority: hasNoNs ? [] : text(authority),
    additional: hasNoNs || hasLess ? [] : text(additional),
  };
}

t.test('the same answers as NSD, for all names and types', { skip }, async (t) => {
  const texts = Object.fromEntries([...zones].map(([name, { text }]) => [name, text]));
  const nsd = await startNsd({ zones: texts });
  t.teardown(() => nsd.stop());
  const daemon = await serve(
    { zones: [...zones.keys()].map((name) => `{ name: ${name}, file: ${name}zone, delegationSet: set-1 }`) },
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${name}zone`, text])),
  );
  t.teardown(() => daemon.stop());
  const asked = [...[...zones.values()].flatMap((zone) => zone.asked), ...outside];
  for (const options of [
    ['+norecurse', '+bufsize=4096'],
    ['+recurse', '+noedns', '+ignore'],
  ]) {
    const [ours, theirs] = await Promise.all([
      digAll(daemon, asked, daemon.folder, ...options),
      digAll(nsd, asked, nsd.folder, ...options),
    ]);
    t.equal(ours.length, asked.length);
    t.equal(theirs.length, asked.length);
    const differences = ours.flatMap((reply, i) => {
      const [mine, other] = [reply, theirs[i]!].map((each) => essence(each, asked[i]![1]));
      return JSON.stringify(mine) === JSON.stringify(other)
        ? []
        : [{ asked: asked[i]!.join(' '), mine, other }];
    });
    t.same(differences.slice(0, 40), [], `${asked.length} questions, ${options.join(' ')}`);
    t.comment(differences.length);
  }
});

const SMALL = '"www A 192.0.2.80\\nout CNAME www.far.test."';

t.test('a zone of a delegation set has its NS and an SOA that says so', { skip }, async (t) => {
  const daemon = await serve({ zones: [`{ name: example.org., delegationSet: set-1, records: ${SMALL} }`] });
  t.teardown(() => daemon.stop());
  const ns = await dig(at(daemon), '+norecurse', 'example.org.', 'NS');
  t.same(ns.flags, ['qr', 'aa']);
  t.same(
    ns.answers.map((rr) => rr.text),
    ['example.org. 172800 IN NS ns1.dns.example.net.', 'example.org. 172800 IN NS ns2.dns.example.net.'],
  );
  const soa = 'IN SOA ns1.dns.example.net. hostmaster.example.org. 1 7200 900 1209600 86400';
  t.equal((await kdig(at(daemon), 'example.org.', 'SOA')).answers[0]?.text, `example.org. 900 ${soa}`);
  const nothing = await dig(at(daemon), 'nothing.example.org.', 'A');
  t.equal(nothing.status, 'NXDOMAIN');
  t.equal(nothing.authority[0]?.text, `example.org. 900 ${soa}`, 'the TTL is the lower one of both');
  const refused = await dig(at(daemon), '+recurse', 'example.com.', 'A');
  t.equal(refused.status, 'REFUSED');
  t.same(refused.flags, ['qr', 'rd']);
  t.equal(refused.ede[0]?.code, 20);
  const tcp = await kdig(at(daemon), '+tcp', '+norec', 'out.example.org.', 'A');
  t.same(tcp.flags, ['qr', 'aa']);
  t.same(
    tcp.answers.map((rr) => rr.rdata),
    ['www.far.test.'],
  );
});

t.test('client subnets, by those who may send them', { skip }, async (t) => {
  const daemon = await serve({
    endpoint: 'zones: [one], clientSubnet: [127.0.7.0/24]',
    zones: [`{ id: one, name: example.org., delegationSet: set-1, records: ${SMALL} }`],
  });
  t.teardown(() => daemon.stop());
  const subnetOf = (reply: DigReply): string | undefined =>
    reply.edns?.find((line) => /^CLIENT-SUBNET:/.test(line))?.replace(/^CLIENT-SUBNET: */, '');
  for (const ask of [dig, kdig])
    for (const [sent, echoed] of [
      ['203.0.113.0/24', '203.0.113.0/24/0'],
      ['203.0.112.0/20', '203.0.112.0/20/0'],
      ['2001:db8::/56', '2001:db8::/56/0'],
      ['0.0.0.0/0', '0.0.0.0/0/0'],
    ] as const) {
      const reply = await ask(at(daemon), '-b', '127.0.7.1', `+subnet=${sent}`, 'www.example.org.', 'A');
      t.equal(reply.status, 'NOERROR');
      t.equal(subnetOf(reply), echoed, `${ask.name} ${sent}`);
    }
  const stranger = await dig(
    at(daemon),
    '-b',
    '127.0.8.1',
    '+subnet=203.0.113.0/24',
    'www.example.org.',
    'A',
  );
  t.equal(stranger.status, 'NOERROR');
  t.ok(stranger.edns);
  t.equal(subnetOf(stranger), undefined);
});

t.test('two zones of one name, each by its endpoint; a child beside its parent', { skip }, async (t) => {
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 1, cache: 32MB, metrics: off }
vpcs: [{ id: vpc-a, cidrs: [127.0.0.0/8] }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.4:PORT"] }]
  authoritative:
    - { id: auth-1, listen: ["127.0.0.1:PORT"], zones: [first, kid] }
    - { id: auth-2, listen: ["127.0.0.2:PORT"], zones: [second] }
    - { id: deleg-1, listen: ["127.0.0.3:PORT"], vpc: vpc-a }
delegationSets: [{ id: set-1, nameServers: [ns1.dns.example.net.] }, { id: set-2, nameServers: [ns2.dns.example.net.] }]
zones:
  - { id: first, name: example.org., delegationSet: set-1, records: "www A 192.0.2.1\\nkid NS ns1.dns.example.net.\\nkid DS 1 13 2 ${'0A'.repeat(32)}" }
  - { id: kid, name: kid.example.org., delegationSet: set-1, records: "www A 192.0.2.2" }
  - { id: second, name: example.org., delegationSet: set-2, records: "www A 192.0.2.3" }
  - { id: private, name: example.org., vpcs: [vpc-a], records: "www A 192.0.2.4\\nown A 192.0.2.5" }
`,
  });
  t.teardown(() => daemon.stop());
  const from = async (host: number, name: string, type = 'A'): Promise<string> => {
    const server = { address: `127.0.0.${host}`, port: daemon.port };
    const { status, flags, answers } = await dig(at(server), '+norecurse', name, type);
    return `${status} ${flags.join(' ')} ${answers.map((rr) => rr.rdata).join()}`;
  };
  t.equal(await from(1, 'www.example.org.'), 'NOERROR qr aa 192.0.2.1');
  t.equal(await from(2, 'www.example.org.'), 'NOERROR qr aa 192.0.2.3');
  t.equal(await from(3, 'www.example.org.'), 'NOERROR qr aa 192.0.2.4', 'the private zones of the VPC');
  t.equal(await from(4, 'www.example.org.'), 'NOERROR qr aa ra 192.0.2.4', 'split horizon');
  t.equal(await from(1, 'www.kid.example.org.'), 'NOERROR qr aa 192.0.2.2');
  t.match(await from(1, 'kid.example.org.', 'DS'), /^NOERROR qr aa 1 13 2 /);
  t.equal(await from(1, 'own.example.org.'), 'NXDOMAIN qr aa ');
  t.equal(await from(2, 'kid.example.org.'), 'NXDOMAIN qr aa ');
  t.equal(await from(3, 'localhost.'), 'REFUSED qr ');
  t.equal(await from(4, 'localhost.'), 'NOERROR qr aa ra 127.0.0.1');
});

t.test('with and without RD, the next ones come from the cache; a reload ends them', { skip }, async (t) => {
  const metrics = await freePort('127.0.0.1');
  const daemon = await startDaemon({
    config: `node: { name: e2e, region: eu-central-1, state: ./state, workers: 1, metrics: "127.0.0.1:${metrics}" }
endpoints: { authoritative: [{ id: auth-1, ${LISTEN}, zones: [example.org.@public] }] }
zones: [{ name: example.org., file: org.zone }]
`,
    files: { 'org.zone': `${APEX}www A 192.0.2.80\nother A 192.0.2.7\n` },
  });
  t.teardown(() => daemon.stop());
  const hits = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
    return Number(/^causeway_answer_cache_lookups_total\{result="hit"\} (\d+)$/m.exec(text)![1]);
  };
  const ask = async (name: string, ...options: string[]): Promise<[number, string]> => {
    const before = await hits();
    const { answers, flags } = await dig(at(daemon), ...options, name, 'A');
    t.equal(flags.includes('rd'), options.includes('+recurse'));
    t.notOk(flags.includes('ra'));
    return [(await hits()) - before, answers[0]?.rdata ?? ''];
  };
  t.same(await ask('www.example.org.', '+norecurse'), [0, '192.0.2.80']);
  t.same(await ask('www.example.org.', '+norecurse'), [1, '192.0.2.80']);
  t.same(await ask('www.example.org.', '+recurse'), [1, '192.0.2.80']);
  t.same(await ask('other.example.org.', '+recurse'), [0, '192.0.2.7']);
  t.same(await ask('other.example.org.', '+norecurse'), [1, '192.0.2.7']);
  const reload = async (zone: string): Promise<void> => {
    writeFileSync(join(daemon.folder, 'org.zone'), zone);
    t.equal((await daemon.cli('reload')).code, 0);
  };
  await reload(`${APEX}www A 192.0.2.81\nother A 192.0.2.7\n`);
  t.same(await ask('www.example.org.', '+norecurse'), [0, '192.0.2.81']);
  t.same(await ask('other.example.org.', '+norecurse'), [1, '192.0.2.7'], 'what did not change stays');
  await reload(`${APEX.replace('192.0.2.254', '192.0.2.253')}www A 192.0.2.81\nother A 192.0.2.7\n`);
  t.same(
    await ask('other.example.org.', '+norecurse'),
    [0, '192.0.2.7'],
    'an address of its name servers did',
  );
});

/** The notation of scenario files, how messages are compared with it, and how a scenario is played. */
import t from 'tap';
import { FLAG, RCODE, TYPE } from '../../src/wire/constants.ts';
import { readMessage } from '../../src/wire/message.ts';
import { nameToText } from '../../src/wire/name.ts';
import { parseConfig } from './rpl/config.ts';
import { misfit, recordToText } from './rpl/match.ts';
import { encode, parseQuestion, parseRecord } from './rpl/packet.ts';
import { parseScenario } from './rpl/parse.ts';
import { play } from './rpl/play.ts';
import type { Entry } from './rpl/scenario.ts';
import { exceeds, noWork, parseWorkLimit } from './rpl/work.ts';

const FORWARD = 'forward-zone: name: "." forward-addr: 192.0.2.53\nCONFIG_END\nSCENARIO_BEGIN test\n';

/** Entry lines without their frame. */
function entry(...lines: readonly string[]): Entry {
  const text = `CONFIG_END\nSCENARIO_BEGIN x\nSTEP 1 QUERY\nENTRY_BEGIN\n${lines.join('\n')}\nENTRY_END\nSCENARIO_END\n`;
  const [step] = parseScenario(text, 'test').steps;
  if (step?.kind !== 'query') throw new Error('no entry');
  return step.entry;
}

const WWW = 'SECTION QUESTION\nwww.example. IN A';

function why(
  expected: readonly string[],
  is: readonly string[],
  transport: 'udp' | 'tcp' = 'udp',
): string | undefined {
  return misfit(entry(...expected), readMessage(encode(entry(...is).packet, 0)), transport);
}

t.test('records have a default TTL and class, and may be malformed where servers are', (t) => {
  const text = (line: string): string => recordToText(parseRecord(line));
  t.equal(text('www.Example. IN A 192.0.2.1'), 'www.Example. 3600 A 192.0.2.1');
  t.equal(text('www.example 5 A 192.0.2.1 ; comment'), 'www.example. 5 A 192.0.2.1');
  t.equal(text('. IN 7 NS ns'), '. 7 NS ns.');
  t.match(text('www.example. CH A 192.0.2.1'), /CLASS3/);
  t.same([...parseRecord('a. IN A \\# 3 010203').rdata], [1, 2, 3]);
  t.same([...parseRecord('a. IN DS 1 8 2 0A0B').rdata], [0, 1, 8, 2, 10, 11], 'a digest cut short');
  const rrsig = 'a. IN RRSIG A 8 1 3600 20201116135527 ( 20201019135527 1444 a. AAEC )';
  t.same([...parseRecord(rrsig).rdata.slice(-3)], [0, 1, 2]);
  t.equal(parseRecord(rrsig.replace('AAEC )', ')')).rdata.length, 18 + 3, 'no signature');
  t.throws(() => parseRecord('a. IN A 192.0.2'), /192\.0\.2/);
  t.match(parseQuestion('x. ANY A'), { type: TYPE.A, class: 255 });
  t.match(parseQuestion('x. ANY'), { type: TYPE.ANY, class: 1 });
  t.throws(() => parseQuestion('x. IN'));
  t.end();
});

t.test('a scenario is read, and errors name file and line', (t) => {
  const text = `; comment\nserver:\n  prefetch: yes\nCONFIG_END
SCENARIO_BEGIN A title ; with more
RANGE_BEGIN 0 10
  ADDRESS 192.0.2.1 ; comment
ENTRY_BEGIN
MATCH opcode subdomain ede=6
ADJUST copy_id copy_query
REPLY QR AA DO NXDOMAIN
${WWW}
SECTION AUTHORITY
example. IN NS ns.example.
HEX_ANSWER_BEGIN
 00 01 ; comment
 ff
HEX_ANSWER_END
ENTRY_END
RANGE_END
STEP 1 TIME_PASSES ELAPSE 0.05
STEP 2 CHECK_WORK packets<=3 verifies=0
SCENARIO_END`;
  const scenario = parseScenario(text, 'file');
  t.match(scenario, { title: 'A title ; with more', ranges: [{ from: 0, to: 10, address: '192.0.2.1' }] });
  const read = scenario.ranges[0]!.entries[0]!;
  t.same([...read.match.words], ['opcode', 'subdomain']);
  t.match(read, { line: 8, match: { ede: 6 }, copyId: true, copyQuery: true, packet: { dnssecOk: true } });
  t.equal(read.packet.flags, FLAG.QR | FLAG.AA | RCODE.NXDOMAIN);
  t.equal(read.packet.authority.length, 1);
  t.same([...read.hex!], [0, 1, 255]);
  t.match(scenario.steps, [
    { kind: 'time-passes', ms: 50 },
    { kind: 'check-work', limits: [{ count: 'packets', comparison: '<=', value: 3 }, { count: 'verifies' }] },
  ]);
  const fault = (from: string, to: string): unknown => {
    try {
      return parseScenario(text.replace(from, to), 'file');
    } catch (error) {
      return (error as Error).message;
    }
  };
  t.match(fault('subdomain', 'subdomian'), 'file:9: no such word after MATCH here: subdomian');
  t.match(fault('NXDOMAIN', 'NXDOMIAN'), /^file:11: /);
  t.match(fault('copy_id', 'sleep=3'), /^file:10: /);
  t.match(fault('example. IN NS', 'example. IN SN'), /^file:15: /);
  t.match(fault('ELAPSE', 'EVAL'), /^file:22: /);
  t.match(fault('packets<=3', 'pakets<=3'), /^file:23: /);
  t.match(fault('SCENARIO_END', ''), /ends too early/);
  t.end();
});

t.test('entries match by what they say and nothing else', (t) => {
  const query = ['REPLY RD', WWW];
  t.equal(why(['MATCH opcode qtype qname', 'REPLY QR NXDOMAIN', WWW], query), undefined);
  t.match(
    why(['MATCH qtype', 'SECTION QUESTION', 'www.example. IN AAAA'], query),
    /AAAA is expected, and it is A/,
  );
  t.equal(why(['MATCH qname', 'SECTION QUESTION', 'WWW.example. IN AAAA'], query), undefined);
  t.match(why(['MATCH qname', 'SECTION QUESTION', 'example. IN A'], query), /QNAME/);
  t.equal(why(['MATCH subdomain', 'SECTION QUESTION', 'example. IN A'], query), undefined);
  t.match(why(['MATCH subdomain', 'SECTION QUESTION', 'a.www.example. IN A'], query), /not at or below/);
  t.match(why(['MATCH opcode', 'REPLY NOTIFY', WWW], query), /opcode/);
  t.match(why(['MATCH DO', WWW], query), /no DO/);
  t.equal(why(['MATCH DO', WWW], ['REPLY DO', WWW]), undefined);
  t.match(why(['MATCH noedns', WWW], ['REPLY DO', WWW]), /OPT/);
  t.match(why(['MATCH TCP', WWW], query), /udp/);
  t.equal(why(['MATCH TCP', WWW], query, 'tcp'), undefined);
  t.match(why(['MATCH rcode', 'REPLY SERVFAIL', WWW], query), /SERVFAIL is expected, and it is NOERROR/);
  t.match(why(['MATCH ede=any', WWW], query), /EDE/);
  t.end();
});

t.test(
  '`all` compares flags, EDNS and records in any order; courtesy records may be absent, no others be there',
  (t) => {
    const answer = (...lines: readonly string[]): string[] => [
      'REPLY QR RD RA',
      WWW,
      'SECTION ANSWER',
      ...lines,
    ];
    const [one, two] = ['www.example. 5 IN A 192.0.2.1', 'www.example. 5 IN A 192.0.2.2'];
    const all = ['MATCH all'];
    t.equal(why([...all, ...answer(one, two)], answer(two, one)), undefined);
    t.equal(why([...all, ...answer('WWW.Example. 6 IN A 192.0.2.1')], answer(one)), undefined);
    t.match(
      why(['MATCH all ttl', ...answer('www.example. 6 IN A 192.0.2.1')], answer(one)),
      /- .* 6 A .*\n.*\+ .* 5 A/,
    );
    t.match(why([...all, ...answer(one, two)], answer(one)), /- www.example. 5 A 192.0.2.2/);
    t.match(why([...all, ...answer(one)], answer(one, two)), /\+ www.example. 5 A 192.0.2.2/);
    t.match(why([...all, ...answer(one)], answer(one, one)), /\+ www/, 'twice is not once');
    t.match(why([...all, ...answer(one), 'REPLY AD'], answer(one)), /header: QR RD RA AD/);
    t.match(
      why([...all, ...answer(one), 'REPLY DO'], answer(one)),
      /OPT: with DO is expected, and it is absent/,
    );
    t.equal(why(['MATCH all_noedns', ...answer(one), 'REPLY DO'], answer(one)), undefined);
    const ns = [
      'SECTION AUTHORITY',
      'example. IN NS ns.example.',
      'SECTION ADDITIONAL',
      'ns.example. IN A 192.0.2.3',
    ];
    t.equal(why([...all, ...answer(one), ...ns], answer(one)), undefined, 'NS and glue are courtesy');
    t.match(why([...all, ...answer(one)], [...answer(one), ...ns]), /authority/, 'but nobody may add them');
    t.match(why([...all, ...answer(), ...ns], answer()), /authority/, 'nor leave out a referral');
    const soa = ['SECTION AUTHORITY', 'example. IN SOA a. b. 1 2 3 4 5'];
    t.match(why([...all, ...answer(one), ...soa], answer(one)), /- example. 3600 SOA/);
    t.equal(why(['MATCH answer', ...answer(one)], [...answer(one), ...soa]), undefined);
    t.end();
  },
);

t.test('configuration: what is known is used, the rest is an error', (t) => {
  const config = parseConfig(`server:
    trust-anchor: "example. 3600 IN DS 1 8 2 ${'ab'.repeat(32)}" # comment
    trust-anchor: "Example. 3600 IN DS 2 8 2 ${'ab'.repeat(32)} ;{id = 2}"
    val-override-date: "20070916134226"
    qname-minimisation: "no"
    domain-insecure: "sub.example"
    cache-max-ttl: 15
    local-zone: test. nodefault
stub-zone:
    name: "."
    stub-addr: 193.0.14.129 	# K.ROOT-SERVERS.NET.
    stub-addr: 2001:db8::1
forward-zone: name: "corp.test" forward-addr: 192.0.2.1`);
  t.match(config, {
    wallMs: Date.UTC(2007, 8, 16, 13, 42, 26),
    ttl: { floor: 0, ceiling: 15 },
    recursion: { qnameMinimisation: 'off' },
    zones: [
      { kind: 'stub', addresses: ['193.0.14.129', '2001:db8::1'] },
      { kind: 'forward', addresses: ['192.0.2.1'] },
    ],
  });
  t.same(
    config.recursion.anchors.map(({ ds }) => ds.length),
    [2],
  );
  t.same(
    config.recursion.ntas.map(({ domain }) => nameToText(domain)),
    ['sub.example.'],
  );
  t.same(
    config.zones.map(({ name }) => nameToText(name)),
    ['.', 'corp.test.'],
  );
  t.same(config.withoutLocal.map(nameToText), ['test.']);
  t.equal(parseConfig('server:\nval-override-date: "-1"').wallMs, undefined);
  t.throws(() => parseConfig('server:\nqname-minimization: no'), /qname-minimization/);
  t.end();
});

t.test('limits of work', (t) => {
  const work = { ...noWork(), packets: 3, packetsTo: new Map([['192.0.2.1', 2]]) };
  const wrong = (word: string): string | undefined => exceeds(work, parseWorkLimit(word));
  t.equal(wrong('packets=3'), undefined);
  t.equal(wrong('packets<=2'), 'packets<=2, and it is 3');
  t.equal(wrong('packets>=3'), undefined);
  t.equal(wrong('packets@192.0.2.1=2'), undefined);
  t.equal(wrong('packets@192.0.2.2>=1'), 'packets@192.0.2.2>=1, and it is 0');
  for (const word of ['packets', 'packets<3', 'udp@192.0.2.1=1', 'octets=1'])
    t.throws(() => parseWorkLimit(word), word);
  t.end();
});

const QUERY = `QUERY\nENTRY_BEGIN\nREPLY RD\n${WWW}\nENTRY_END\n`;
const checks = (address: string): string =>
  `CHECK_ANSWER\nENTRY_BEGIN\nMATCH all\nREPLY QR RD RA\n${WWW}\nSECTION ANSWER\nwww.example. IN A ${address}\nENTRY_END\n`;
const gives = (address: string): string =>
  `ENTRY_BEGIN\nMATCH qname\nADJUST copy_id\nREPLY QR RA\n${WWW}\nSECTION ANSWER\nwww.example. 60 IN A ${address}\nENTRY_END\n`;
const range = (from: number, to: number, address: string): string =>
  `RANGE_BEGIN ${from} ${to}\nADDRESS 192.0.2.53\n${gives(address)}RANGE_END\n`;

async function failureOf(text: string): Promise<string | undefined> {
  return (await play(parseScenario(`${FORWARD}${text}SCENARIO_END`, 'test'))).failure;
}

t.test('ranges answer in their steps, and time passes', async (t) => {
  const ranges = range(0, 20, '192.0.2.1') + range(30, 99, '192.0.2.2');
  const first = `STEP 1 ${QUERY}STEP 10 ${checks('192.0.2.1')}STEP 11 CHECK_WORK packets=1 tcp=0\n`;
  t.equal(await failureOf(`${ranges}${first}`), undefined);
  const again = (seconds: number): string =>
    `${ranges}${first}STEP 30 TIME_PASSES ELAPSE ${seconds}\nSTEP 31 ${QUERY}`;
  t.equal(
    await failureOf(`${again(59)}STEP 40 ${checks('192.0.2.1')}STEP 41 CHECK_WORK packets=0\n`),
    undefined,
  );
  t.equal(
    await failureOf(`${again(60)}STEP 40 ${checks('192.0.2.2')}STEP 41 CHECK_WORK packets=1\n`),
    undefined,
  );
  t.match(
    await failureOf(`${again(60)}STEP 40 ${checks('192.0.2.1')}`),
    /^step 40 .*line \d+.*\n.*- .*192.0.2.1/s,
  );
  t.match(
    await failureOf(`${again(60)}STEP 40 ${checks('192.0.2.2')}STEP 41 CHECK_WORK packets=0\n`),
    /it is 1/,
  );
});

t.test(
  'a query that no range answers waits for a later step, is answered or ended by one, or fails',
  async (t) => {
    const late = range(5, 9, '192.0.2.1');
    t.equal(
      await failureOf(`${late}STEP 1 ${QUERY}STEP 2 TRAFFIC\nSTEP 6 ${checks('192.0.2.1')}`),
      undefined,
    );
    const out = `CHECK_OUT_QUERY ADDRESS 192.0.2.53\nENTRY_BEGIN\nMATCH qname qtype\n${WWW}\nENTRY_END\n`;
    const reply = `REPLY\n${gives('192.0.2.9')}`;
    t.equal(
      await failureOf(`STEP 1 ${QUERY}STEP 2 ${out}STEP 3 ${reply}STEP 4 ${checks('192.0.2.9')}`),
      undefined,
    );
    t.match(
      await failureOf(`STEP 1 ${QUERY}STEP 2 ${out.replace('2.53', '2.54')}`),
      /no such query; waiting are: udp 192.0.2.53/,
    );
    const timeouts = `STEP 2 TIMEOUT\nSTEP 3 ERROR\nSTEP 5 TRAFFIC\nSTEP 6 ${checks('192.0.2.1')}`;
    t.equal(await failureOf(`${late}STEP 1 ${QUERY}${timeouts}STEP 7 CHECK_WORK packets>=2\n`), undefined);
    t.match(await failureOf(`STEP 1 TIMEOUT\n`), /no query waits/);
    t.match(await failureOf(`STEP 1 ${QUERY}STEP 2 ${checks('192.0.2.1')}`), /SERVFAIL/);
    t.match(
      await failureOf(`${range(0, 9, '192.0.2.1')}STEP 1 ${QUERY}STEP 2 TRAFFIC\n`),
      /that no step expects/,
    );
  },
);

t.test('a reply that is too large for UDP is fetched by TCP', async (t) => {
  const records = Array.from({ length: 100 }, (_, i) => `www.example. IN A 192.0.2.${i + 1}`).join('\n');
  const large = (text: string): string => text.replace('www.example. IN A 192.0.2.1\n', `${records}\n`);
  const ranges = large(range(0, 9, '192.0.2.1').replace('60 IN', 'IN'));
  const asked = QUERY.replace('REPLY RD', 'MATCH TCP\nREPLY RD');
  const text = `${ranges}STEP 1 ${asked}STEP 2 ${large(checks('192.0.2.1'))}STEP 3 CHECK_WORK udp=1 tcp=1 packets=2\n`;
  t.equal(await failureOf(text), undefined);
});

import dnsPacket from 'dns-packet';
import t from 'tap';
import { FLAG, OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { Cursor } from '../../src/wire/cursor.ts';
import {
  edeOption,
  findOption,
  keepaliveOption,
  PADDING_BLOCK,
  pad,
  readClientSubnet,
  readEde,
  readEdns,
} from '../../src/wire/edns.ts';
import { WireError } from '../../src/wire/error.ts';
import { encodeQuery, groupRrsets, readHead, readMessage } from '../../src/wire/message.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

t.test('a query encoded here is read by another codec, and the reverse', async (t) => {
  const ours = encodeQuery({
    id: 77,
    name: nameFromText('WwW.Example.'),
    type: TYPE.AAAA,
    edns: {
      payload: 1232,
      version: 0,
      dnssecOk: true,
      options: [{ code: OPTION.COOKIE, data: new Uint8Array(8) }],
    },
  });
  const theirs = dnsPacket.decode(Buffer.from(ours));
  t.match(theirs, { id: 77, questions: [{ name: 'WwW.Example', type: 'AAAA' }] });
  t.match(theirs.additionals![0], { type: 'OPT', udpPayloadSize: 1232, flag_do: true });

  const bytes = dnsPacket.encode({
    id: 5,
    type: 'response',
    flags: dnsPacket.AUTHORITATIVE_ANSWER,
    questions: [{ name: 'x.example', type: 'MX' }],
    answers: [{ name: 'x.example', type: 'MX', ttl: 9, data: { preference: 10, exchange: 'mail.example' } }],
  });
  const message = readMessage(bytes);
  t.equal(message.flags, FLAG.QR | FLAG.AA);
  t.equal(nameToText(message.answer[0]!.name), 'x.example.');
  t.equal(message.answer[0]!.ttl, 9);
});

t.test('a message in a part of a buffer, whose question is known', async (t) => {
  const name = nameFromText('WWW.example.');
  const query = encodeQuery({ id: 7, name, type: TYPE.A });
  const buf = new Uint8Array(query.length + 9).fill(0xff);
  buf.set(query);
  const message = readMessage(buf, query.length, name);
  t.equal(message.question?.name, name);
  t.same(message, readMessage(query));
  t.equal(message.trailing, 0);
  t.equal(readHead(buf, query.length).trailing, 0);
});

t.test('counts of the header allocate nothing and prove nothing', async (t) => {
  t.throws(() => readMessage(hex('0001 8000 0000 ffff ffff ffff')), WireError);
  t.throws(() => readMessage(hex('0001 8000 ffff 0000 0000 0000')), WireError);
  t.throws(() => readMessage(hex('0001')), WireError);
});

t.test('OPT: once, in the additional section only', async (t) => {
  const opt = '00 0029 04d0 00008000 0000';
  t.equal(readMessage(hex(`0001 0000 0000 0000 0000 0001 ${opt}`)).edns!.dnssecOk, true);
  t.throws(() => readMessage(hex(`0001 0000 0000 0000 0000 0002 ${opt} ${opt}`)), WireError);
  t.throws(() => readMessage(hex(`0001 0000 0000 0001 0000 0000 ${opt}`)), WireError);
});

t.test('of a malformed query the head is told: question, and OPT behind it', async (t) => {
  const question = '01 78 00 0001 0001';
  const opt = '00 0029 04d0 00008000 0004 000a 0009';
  const whole = readHead(hex(`1234 0110 0001 0000 0000 0001 ${question} ${opt}`));
  t.match(whole, {
    id: 0x1234,
    flags: 0x0110,
    qdcount: 1,
    edns: { payload: 1232, dnssecOk: true, options: [] },
  });
  t.equal(nameToText(whole.question!.name), 'x.');
  t.equal(readHead(hex(`0001 0000 0001 0000 0000 0001 ${question} ff`)).edns, undefined);
  t.equal(readHead(hex(`0001 0000 0001 0001 0000 0001 ${question} ${opt}`)).edns, undefined, 'not behind it');
  t.equal(readHead(hex('0001 0000 0001 0000 0000 0000 01 78')).question, undefined);
  t.equal(readHead(hex(`0001 0000 0002 0000 0000 0000 ${question} ${question}`)).question, undefined);
  t.throws(() => readHead(hex('0001')), WireError);
});

t.test('a first question has nothing to point to; a second has', async (t) => {
  t.throws(() => readMessage(hex('0001 0000 0001 0000 0000 0000 c004 0001 0001')), WireError);
  const two = readMessage(hex('0001 0000 0002 0000 0000 0000 01 78 00 0001 0001 c00c 0001 0001'));
  t.equal(two.qdcount, 2);
});

t.test('the upper bits of the rcode come from OPT', async (t) => {
  const message = readMessage(hex('0001 8000 0000 0000 0000 0001 00 0029 04d0 01000000 0000'));
  t.equal(message.rcode, RCODE.BADVERS);
});

t.test(
  'a payload below 512 counts as 512; options past the 32nd are not read, repeats are ignored',
  async (t) => {
    const options = '000a 0001 aa'.repeat(40);
    const length = (5 * 40).toString(16).padStart(4, '0');
    const { edns } = readMessage(
      hex(`0001 0000 0000 0000 0000 0001 00 0029 0010 00000000 ${length} ${options}`),
    );
    t.equal(edns!.payload, 512);
    t.equal(edns!.options.length, 32);
    t.same([...findOption(edns, 10)!], [0xaa]);
  },
);

t.test('an option that runs past OPT is malformed', async (t) => {
  t.throws(
    () => readMessage(hex('0001 0000 0000 0000 0000 0001 00 0029 04d0 00000000 0004 000a 0009')),
    WireError,
  );
  t.throws(
    () => readMessage(hex('0001 0000 0000 0000 0000 0001 00 0029 04d0 00000000 0002 000a')),
    WireError,
  );
});

t.test('a TTL with the top bit set counts as zero (RFC 2181 section 8)', async (t) => {
  const message = readMessage(hex('0001 8000 0000 0001 0000 0000 00 0001 0001 ffffffff 0004 c0000201'));
  t.equal(message.answer[0]!.ttl, 0);
});

t.test('RRsets: lowest TTL, no duplicates, signatures with what they cover', async (t) => {
  const bytes = dnsPacket.encode({
    type: 'response',
    answers: [
      { name: 'x.example', type: 'A', ttl: 60, data: '192.0.2.1' },
      { name: 'X.example', type: 'A', ttl: 30, data: '192.0.2.2' },
      { name: 'x.example', type: 'A', ttl: 60, data: '192.0.2.1' },
      {
        name: 'x.example',
        type: 'RRSIG',
        ttl: 60,
        data: {
          typeCovered: 'A',
          algorithm: 13,
          labels: 2,
          originalTTL: 60,
          expiration: 2,
          inception: 1,
          keyTag: 3,
          signersName: 'example',
          signature: Buffer.from([1, 2, 3]),
        },
      },
    ],
  });
  const sets = groupRrsets(readMessage(bytes).answer);
  t.equal(sets.length, 1);
  t.equal(sets[0]!.ttl, 30);
  t.equal(sets[0]!.rdatas.length, 2);
  t.equal(sets[0]!.sigs!.length, 1);
});

t.test('options: EDE, keepalive, client subnet', async (t) => {
  t.same(readEde(edeOption(22, 'rule corp: timeout').data), { code: 22, text: 'rule corp: timeout' });
  t.equal(edeOption(0, 'x'.repeat(500)).data.length, 162);
  t.equal(
    readEde(edeOption(0, `x${'é'.repeat(500)}`).data).text,
    `x${'é'.repeat(79)}`,
    'cut between characters',
  );
  t.same([...keepaliveOption(10_000).data], [0, 100]);
  t.match(readClientSubnet(hex('0001 18 00 c00002')), { family: 1, sourcePrefix: 24, scopePrefix: 0 });
  t.match(readClientSubnet(hex('0000 00 00')), { family: 0, sourcePrefix: 0 }, 'dig +subnet=0');
  for (const bad of [
    '0001 18 00 c000',
    '0001 21 00 c000020000',
    '0003 18 00 c00002',
    '0000 00 00 01',
    '0000 08 00 01',
    '0001 17 00 c00003',
    '00',
  ])
    t.throws(() => readClientSubnet(hex(bad)), WireError, bad);
});

t.test('padding up to the next block, and no further than there is room', async (t) => {
  const opt = hex('00 0029 04d0 00000000 0006 000f 0002 0016');
  const padded = (before: number, room: number): Uint8Array => {
    const out = new Uint8Array(room).fill(0xee);
    out.set(opt, before);
    const length = pad(out, before + opt.length, before);
    t.equal(
      out.findIndex((octet, at) => at >= length && octet !== 0xee),
      -1,
      'nothing behind the end',
    );
    return out.subarray(0, length);
  };
  for (const before of [12, 400, 446, 447, 448, 449, 1000]) {
    const message = padded(before, 4096);
    t.equal(message.length % PADDING_BLOCK, 0, `${before} octets before OPT`);
    const c = new Cursor(message);
    c.skip(before + 9);
    const { options } = readEdns(1232, 0, c, c.u16());
    t.same(
      options.map(({ code }) => code),
      [15, 12],
    );
    t.ok(options[1]!.data.every((octet) => octet === 0));
    t.equal(c.left, 0, 'OPT ends the message');
  }
  t.equal(padded(12, 300).length, 300, 'as far as there is room');
  t.equal(padded(12, 12 + opt.length + 4).length, 12 + opt.length + 4);
  t.equal(padded(12, 12 + opt.length + 3).length, 12 + opt.length, 'not at all');
});

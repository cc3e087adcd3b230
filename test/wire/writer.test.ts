import dnsPacket from 'dns-packet';
import t from 'tap';
import { FLAG, RCODE, TYPE } from '../../src/wire/constants.ts';
import { edeOption } from '../../src/wire/edns.ts';
import { readMessage } from '../../src/wire/message.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';
import { rdataToText, typeFromText } from '../../src/wire/rdata/table.ts';
import { type Answer, emptyAnswer, type Rrset } from '../../src/wire/record.ts';
import { type Frame, Writer } from '../../src/wire/writer.ts';
import { rdata } from './rdata/text.ts';

/** `www.example. 300 A 192.0.2.1 192.0.2.2`, one word an rdata; `|` separates rdatas that have blanks. */
function rrset(text: string): Rrset {
  const [owner, ttl, type, ...rest] = text.split(' ');
  const code = typeFromText(type!)!;
  const rdatas = rest
    .join(' ')
    .split('|')
    .map((words) => rdata(type!, words));
  return { name: nameFromText(owner!), type: code, ttl: Number(ttl), rdatas };
}

function answerOf(sections: { answer?: string[]; authority?: string[]; additional?: string[] }): Answer {
  const answer = emptyAnswer(RCODE.NOERROR);
  answer.answer = (sections.answer ?? []).map(rrset);
  answer.authority = (sections.authority ?? []).map(rrset);
  answer.additional = (sections.additional ?? []).map(rrset);
  return answer;
}

function frame(qname: string, qtype: number, more: Partial<Frame> = {}): Frame {
  return {
    id: 0x1234,
    flags: FLAG.RD | FLAG.RA,
    question: { name: nameFromText(qname), type: qtype, class: 1 },
    edns: undefined,
    limit: 1232,
    rotation: 0,
    signatures: false,
    glue: false,
    ...more,
  };
}

const EDNS = { payload: 1232, version: 0, dnssecOk: false, options: [] };

t.test('an answer reads back as it was decided, here and with another codec', async (t) => {
  const writer = new Writer();
  const answer = answerOf({
    answer: ['www.example. 300 CNAME host.example.', 'host.example. 60 A 192.0.2.1|192.0.2.2'],
    authority: ['example. 900 NS ns1.example.|ns2.example.'],
    additional: ['ns1.example. 900 A 192.0.2.53'],
  });
  answer.aa = true;
  const length = writer.write(answer, frame('WWW.example.', TYPE.A, { edns: EDNS }));
  const bytes = writer.out.slice(0, length);

  const message = readMessage(bytes);
  t.equal(message.id, 0x1234);
  t.equal(message.flags, FLAG.QR | FLAG.AA | FLAG.RD | FLAG.RA);
  t.equal(nameToText(message.question!.name), 'WWW.example.');
  t.same(
    message.answer.map((rr) => `${nameToText(rr.name)} ${rr.ttl} ${rdataToText(rr.type, rr.rdata)}`),
    ['WWW.example. 300 host.example.', 'host.example. 60 192.0.2.1', 'host.example. 60 192.0.2.2'],
  );
  t.equal(message.edns!.payload, 1232);
  t.equal(message.trailing, 0);

  const other = dnsPacket.decode(Buffer.from(bytes));
  t.equal(other.answers!.length, 3);
  t.match(other.answers![2], { name: 'host.example', type: 'A', data: '192.0.2.2' });
  t.match(other.authorities![1], { name: 'example', type: 'NS', data: 'ns2.example' });
  t.match(other.additionals![0], { name: 'ns1.example', data: '192.0.2.53' });
  t.equal(other.additionals!.at(-1)!.type, 'OPT', 'OPT comes last');
});

t.test('compression: only backward, only in rdata that may have it', async (t) => {
  const writer = new Writer();
  const length = writer.write(
    answerOf({
      answer: ['a.b.example. 1 MX 10 a.b.example.', 'a.b.example. 1 SRV 1 2 3 a.b.example.'],
    }),
    frame('a.b.example.', TYPE.ANY),
  );
  const bytes = writer.out.subarray(0, length);
  // 12 header + 17 question; MX 12 + 2 + pointer 2; SRV 12 + 6 + the name in full, 13 (RFC 2782: not compressed).
  t.equal(length, 12 + 17 + 16 + 12 + 6 + 13);
  t.equal(readMessage(bytes).answer.length, 2);
});

t.test('too much for the limit: whole RRsets stay or go, with TC', async (t) => {
  const writer = new Writer();
  const many = Array.from({ length: 40 }, (_, i) => `192.0.2.${i}`).join('|');
  const answer = answerOf({ answer: ['x.example. 5 CNAME y.example.', `y.example. 5 A ${many}`] });
  const length = writer.write(answer, frame('x.example.', TYPE.A, { limit: 512, edns: EDNS }));
  t.ok(length <= 512);
  const message = readMessage(writer.out.subarray(0, length));
  t.ok(message.flags & FLAG.TC);
  t.equal(message.answer.length, 1, 'the CNAME fits, no part of the address set is there');
  t.ok(message.edns, 'OPT is there even so');
  t.equal(writer.truncated, true);

  const whole = writer.write(answer, frame('x.example.', TYPE.A, { limit: 1232, edns: EDNS }));
  t.equal(readMessage(writer.out.subarray(0, whole)).answer.length, 41);
  t.equal(writer.truncated, false);
  t.equal(writer.complete, true);
});

t.test('with TC for what was asked there is no additional data', async (t) => {
  const writer = new Writer();
  const many = Array.from({ length: 40 }, (_, i) => `192.0.2.${i}`).join('|');
  const answer = answerOf({ answer: [`x.example. 5 A ${many}`], additional: ['ns.example. 5 A 192.0.2.53'] });
  const length = writer.write(answer, frame('x.example.', TYPE.A, { limit: 512 }));
  const message = readMessage(writer.out.subarray(0, length));
  t.ok(message.flags & FLAG.TC);
  t.same([message.answer.length, message.additional.length], [0, 0]);
});

t.test(
  'additional data that does not fit is left out silently; required glue sets TC (RFC 9471)',
  async (t) => {
    const writer = new Writer();
    const glue = Array.from({ length: 30 }, (_, i) => `2001:db8::${i}`).join('|');
    const answer = answerOf({
      authority: ['child.example. 5 NS ns.child.example.'],
      additional: [`ns.child.example. 5 AAAA ${glue}`, 'ns.child.example. 5 A 192.0.2.1'],
    });
    const silent = writer.write(answer, frame('child.example.', TYPE.A, { limit: 512 }));
    const message = readMessage(writer.out.subarray(0, silent));
    t.notOk(message.flags & FLAG.TC);
    t.equal(message.additional.length, 1, 'the smaller set still fits');
    t.equal(writer.complete, false, 'but the writer knows');
    writer.write(answer, frame('child.example.', TYPE.A, { limit: 512, glue: true }));
    t.equal(writer.truncated, true);
  },
);

t.test('nothing points at octets that were taken back', async (t) => {
  const writer = new Writer();
  const long = Array.from({ length: 30 }, (_, i) => `h${i}.long-enough-a-label.example.`).join('|');
  const answer = answerOf({
    answer: ['q.example. 5 A 192.0.2.1'],
    additional: [`zzz.example. 5 NS ${long}`, 'h1.long-enough-a-label.example. 5 A 192.0.2.9'],
  });
  const length = writer.write(answer, frame('q.example.', TYPE.A, { limit: 512 }));
  const message = readMessage(writer.out.subarray(0, length));
  t.equal(nameToText(message.additional[0]!.name), 'h1.long-enough-a-label.example.');
});

t.test('rotation starts the last RRset of the answer at another record', async (t) => {
  const writer = new Writer();
  const answer = answerOf({ answer: ['x.example. 5 A 192.0.2.1|192.0.2.2|192.0.2.3'] });
  const firsts = [0, 1, 2, 3].map((rotation) => {
    const length = writer.write(answer, frame('x.example.', TYPE.A, { rotation }));
    return readMessage(writer.out.subarray(0, length)).answer[0]!.rdata[3];
  });
  t.same(firsts, [1, 2, 3, 1]);
  const more = answerOf({
    answer: ['x.example. 5 A 192.0.2.1|192.0.2.2', 'x.example. 5 AAAA 2001:db8::1|2001:db8::2'],
    additional: ['y.example. 5 A 192.0.2.3|192.0.2.4'],
  });
  const length = writer.write(more, frame('x.example.', TYPE.ANY, { rotation: 1 }));
  const { answer: records, additional } = readMessage(writer.out.subarray(0, length));
  t.same(
    [...records, ...additional].map((rr) => rr.rdata.at(-1)),
    [1, 2, 2, 1, 3, 4],
  );
});

t.test('extended rcodes and EDE travel in OPT', async (t) => {
  const writer = new Writer();
  const answer = emptyAnswer(RCODE.BADVERS);
  const options = [edeOption(18, 'rule corp')];
  const length = writer.write(answer, frame('.', TYPE.NS, { edns: { ...EDNS, options } }));
  const message = readMessage(writer.out.subarray(0, length));
  t.equal(message.rcode, RCODE.BADVERS);
  t.equal(message.edns!.options[0]!.data.length, 2 + 'rule corp'.length);
});

t.test('five thousand different names encode in bounded work', async (t) => {
  const writer = new Writer();
  const answer = emptyAnswer(RCODE.NOERROR);
  for (let i = 0; i < 1500; i++) answer.answer.push(rrset(`n${i}.x${i}.example. 5 A 192.0.2.1`));
  const length = writer.write(answer, frame('q.example.', TYPE.A, { limit: 65535 }));
  t.equal(readMessage(writer.out.subarray(0, length)).answer.length, 1500);
});

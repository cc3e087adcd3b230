/** For how long caches of HTTP may keep a response, against what a whole reader finds in it. */
import fc from 'fast-check';
import t from 'tap';
import { freshnessOf } from '../../src/wire/freshness.ts';
import { readMessage } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { type Answer, emptyAnswer } from '../../src/wire/record.ts';
import { Writer } from '../../src/wire/writer.ts';

const QNAME = nameFromText('www.example.');
const SOA = (minimum: number): Uint8Array => {
  const octets = Buffer.alloc(2 + 20);
  octets.writeUInt32BE(minimum, 18);
  return octets;
};

function messageOf(answer: Partial<Answer>, rcode = 0, flags = 0x8180): Uint8Array {
  const writer = new Writer();
  const length = writer.write(
    { ...emptyAnswer(rcode), ...answer },
    {
      id: 0,
      flags,
      question: { name: QNAME, type: 1, class: 1 },
      edns: { payload: 1232, version: 0, dnssecOk: true, options: [] },
      limit: 65535,
      rotation: 0,
      signatures: false,
      glue: false,
    },
  );
  return writer.out.slice(0, length);
}

const a = (ttl: number, name = QNAME) => ({ name, type: 1, ttl, rdatas: [new Uint8Array(4)] });
const soa = (ttl: number, minimum: number) => ({
  name: nameFromText('example.'),
  type: 6,
  ttl,
  rdatas: [SOA(minimum)],
});

t.test('the smallest TTL, of what says something', async (t) => {
  t.equal(freshnessOf(messageOf({ answer: [a(300), a(60, nameFromText('b.example.'))] })), 60);
  t.equal(
    freshnessOf(messageOf({ answer: [a(300)], additional: [a(5)] })),
    300,
    'what is beside it does not',
  );
  t.equal(freshnessOf(messageOf({ authority: [soa(900, 300)] }, 3)), 300, 'MINIMUM of a negative answer');
  t.equal(freshnessOf(messageOf({ authority: [soa(200, 300)] })), 200, 'or the TTL of its SOA');
  t.equal(freshnessOf(messageOf({})), 0, 'nothing is said');
  t.equal(freshnessOf(messageOf({ answer: [a(300)] }, 2)), 0, 'a failure');
  t.equal(freshnessOf(messageOf({ answer: [a(300)] }, 0, 0x8380)), 0, 'a part of an answer');
});

t.test('whatever the octets, a number', async (t) => {
  const whole = messageOf({ answer: [a(300)], authority: [soa(900, 300)] });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
      fc.nat(whole.length),
      (changes, length) => {
        const octets = whole.slice(0, length);
        for (const [at, octet] of changes) octets[at] = octet;
        const seconds = freshnessOf(octets);
        return Number.isInteger(seconds) && seconds >= 0 && seconds <= 0xffffffff;
      },
    ),
    { numRuns: 2_000 },
  );
  const { answer } = readMessage(whole);
  t.equal(answer.length, 1, 'the sample is a message');
});

import fc from 'fast-check';
import t from 'tap';
import { type Asked, match } from '../../src/resolver/match.ts';
import { encodeQuery } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';

const asked: Asked = {
  id: 0x1234,
  name: nameFromText('WwW.cOrP.test.'),
  type: 1,
  protocol: 'udp',
  edns: true,
  case0x20: true,
};

/** A reply without records: the query's own bytes with QR set, then changed by `change`. */
function reply(change: (bytes: Uint8Array) => void = () => undefined): Uint8Array {
  const bytes = encodeQuery({ id: asked.id, name: asked.name, type: asked.type });
  bytes[2]! |= 0x80;
  change(bytes);
  return bytes;
}

const CASES: [what: string, change: (b: Uint8Array) => void, kind: string, why?: string][] = [
  ['as asked', () => undefined, 'reply'],
  ['QR=0', (b) => (b[2] = 0x01), 'ignore', 'not-a-reply'],
  ['opcode NOTIFY', (b) => (b[2] = 0xa1), 'ignore', 'opcode'],
  ['no question', (b) => (b[5] = 0), 'ignore', 'question-count'],
  ['two questions', (b) => (b[5] = 2), 'ignore', 'question-count'],
  ['256 questions', (b) => (b[4] = 1), 'ignore', 'question-count'],
  ['another name', (b) => (b[13] = 0x78), 'ignore', 'question'],
  ['a dot inside the label', (b) => (b[16] = 0x2e), 'ignore', 'question'],
  ['another type', (b) => (b[28] = 28), 'ignore', 'question'],
  ['class CH', (b) => (b[30] = 3), 'ignore', 'question'],
  ['another ID', (b) => (b[0] = 0), 'switch', 'wrong-id'],
  ['another case', (b) => (b[13]! ^= 0x20), 'switch', 'case'],
  ['another ID and case', (b) => (b[0] = b[13] = 0x77), 'ignore', 'id'],
  ['TC', (b) => (b[2]! |= 2), 'switch', 'truncated'],
  ['TC and counts of records that are not there', (b) => (b[2]! |= b[7] = 2), 'switch', 'truncated'],
  ['a record announced that is not there', (b) => (b[7] = 1), 'switch', 'malformed'],
  ['FORMERR', (b) => (b[3] = 1), 'without-edns'],
  ['NOTIMP', (b) => (b[3] = 4), 'without-edns'],
  ['SERVFAIL', (b) => (b[3] = 2), 'reply'],
  ['the Z bit', (b) => (b[3]! |= 0x40), 'reply'],
];

t.test('what a message is taken for (RFC 5452 section 9.1)', async (t) => {
  for (const [what, change, kind, why] of CASES) {
    const result = match(reply(change), asked);
    t.equal(result.kind, kind, what);
    if (why !== undefined) t.equal((result as { why: string }).why, why, what);
  }
});

t.test('TCP: no switch, the case is only noted, and what is malformed is the server’s own', async (t) => {
  const tcp: Asked = { ...asked, protocol: 'tcp' };
  t.match(
    match(
      reply((b) => (b[13]! ^= 0x20)),
      tcp,
    ),
    { kind: 'reply', caseKept: false },
  );
  t.match(match(reply(), tcp), { kind: 'reply', caseKept: true });
  t.equal(
    match(
      reply((b) => (b[2]! |= 2)),
      tcp,
    ).kind,
    'invalid',
  );
  t.equal(
    match(
      reply((b) => (b[7] = 1)),
      tcp,
    ).kind,
    'invalid',
  );
});

t.test('without EDNS a FORMERR is an answer; without 0x20 any case will do', async (t) => {
  t.equal(
    match(
      reply((b) => (b[3] = 1)),
      { ...asked, edns: false },
    ).kind,
    'reply',
  );
  t.equal(
    match(
      reply((b) => (b[13]! ^= 0x20)),
      { ...asked, case0x20: false },
    ).kind,
    'reply',
  );
});

t.test('over 1232 octets by UDP: not looked at further (RFC 9715)', async (t) => {
  const long = new Uint8Array(1233);
  long.set(reply());
  t.match(match(long, asked), { kind: 'switch', why: 'oversize' });
  t.match(match(long.subarray(0, 1232), asked), { why: 'malformed' }, 'octets after the last record');
});

t.test('no header of 12 octets is a reply, whatever its values (CVE-2026-42389)', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => match(bytes, asked).kind === 'ignore'),
    { numRuns: 5000 },
  );
});

t.test('only one of 65,536 IDs is taken for a reply', async (t) => {
  let replies = 0;
  for (let id = 0; id < 0x10000; id++) {
    const bytes = reply((b) => {
      b[0] = id >>> 8;
      b[1] = id;
    });
    if (match(bytes, asked).kind === 'reply') replies++;
  }
  t.equal(replies, 1);
});

t.test('random octets never throw and are never a reply; changed replies never throw', async () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => match(bytes, asked).kind !== 'reply'));
  const genuine = reply();
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(genuine.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
      const bytes = genuine.slice();
      for (const [at, value] of changes) bytes[at] = value;
      match(bytes, asked);
    }),
    { numRuns: 5000 },
  );
});

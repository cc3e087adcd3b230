import t from 'tap';
import { RRSET_RECORDS_MAX, type Scrubbed, scrub } from '../../src/resolver/scrub.ts';
import { CLASS, FLAG, RCODE } from '../../src/wire/constants.ts';
import { readMessage } from '../../src/wire/message.ts';
import { fold, nameFromText, nameToText } from '../../src/wire/name.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { records } from '../support/hostile.ts';
import { encodePacket, type Packet } from '../support/packet.ts';
import { recordsOf, reply, type Script, type SimQuery, SOA, typeCode } from '../support/simnet.ts';

/** What is left of a scripted reply to a question. */
function scrubbed(
  name: string,
  type: string,
  script: Script,
  apex = 'corp.test.',
  refersOn = false,
): Scrubbed {
  const query = { name, type, message: { id: 1 } } as unknown as SimQuery;
  const message = readMessage(reply(query, script));
  const folded = fold(nameFromText(name));
  return scrub(message, {
    name: folded,
    type: typeCode(type),
    sent: folded,
    apex: nameFromText(apex),
    refersOn,
  });
}

/** Everything that was kept, as text. */
function kept(result: Scrubbed): string[] {
  const rrsets: Rrset[] = [];
  if ('chain' in result) rrsets.push(...result.chain);
  if ('rrsets' in result) rrsets.push(...result.rrsets);
  if ('soa' in result && result.soa !== undefined) rrsets.push(result.soa);
  return recordsOf(rrsets);
}

const WWW = 'www.corp.test. 300 A 192.0.2.1';

t.test('the answer and nothing else', async (t) => {
  const result = scrubbed('www.corp.test.', 'A', {
    answer: [WWW, 'other.corp.test. 300 A 192.0.2.66', 'www.corp.test. 300 TXT hello'],
    authority: ['corp.test. 300 NS ns.evil.test.'],
    additional: ['ns.evil.test. 300 A 192.0.2.66'],
  });
  t.equal(result.kind, 'answer');
  t.same(kept(result), [WWW]);
});

t.test('an RRset has its lowest TTL, each rdata once, and the case of the question', async (t) => {
  const result = scrubbed('www.corp.test.', 'A', {
    answer: [
      'WWW.corp.test. 300 A 192.0.2.1',
      'www.CORP.test. 60 A 192.0.2.2',
      'www.corp.test. 100 A 192.0.2.1',
    ],
  });
  t.same(kept(result), ['www.corp.test. 60 A 192.0.2.1', 'www.corp.test. 60 A 192.0.2.2']);
});

t.test('of many records each once, and no more than the limit (CVE-2024-1737)', async (t) => {
  const addresses = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => `www.corp.test. 300 A 192.0.${i >>> 8}.${i & 255}`);
  for (const count of [7, 8, 9, RRSET_RECORDS_MAX]) {
    const answer = addresses(count);
    const result = scrubbed('www.corp.test.', 'A', { answer: [...answer, ...answer, ...answer] });
    t.same(kept(result), answer, `${count}, three times each`);
  }
  const result = scrubbed('www.corp.test.', 'A', { answer: addresses(RRSET_RECORDS_MAX + 1) });
  t.match(result, { kind: 'invalid', why: /more than 256 records/ });
});

t.test('CNAMEs are put in order, wherever they stood', async (t) => {
  const result = scrubbed('www.corp.test.', 'A', {
    answer: [
      'c.example. 10 A 192.0.2.1',
      'b.corp.test. 20 CNAME c.example.',
      'www.corp.test. 30 CNAME b.corp.test.',
    ],
  });
  t.same(kept(result), [
    'www.corp.test. 30 CNAME b.corp.test.',
    'b.corp.test. 20 CNAME c.example.',
    'c.example. 10 A 192.0.2.1',
  ]);
});

t.test('a chain that ends without its target is a question of its own', async (t) => {
  const result = scrubbed('www.corp.test.', 'A', { answer: ['www.corp.test. 30 CNAME b.example.'] });
  t.equal(result.kind, 'alias');
  t.equal(result.kind === 'alias' && nameToText(result.target), 'b.example.');
});

t.test('CNAME and ANY questions stop at the CNAME', async (t) => {
  const answer = ['www.corp.test. 30 CNAME b.corp.test.', 'b.corp.test. 30 A 192.0.2.1'];
  t.same(kept(scrubbed('www.corp.test.', 'CNAME', { answer })), answer.slice(0, 1));
  t.same(kept(scrubbed('www.corp.test.', 'ANY', { answer })), answer.slice(0, 1));
});

t.test('ANY: all types of the name', async (t) => {
  const answer = [WWW, 'www.corp.test. 300 TXT hello'];
  t.same(kept(scrubbed('www.corp.test.', 'ANY', { answer: [...answer, 'b.corp.test. 30 A 192.0.2.1'] })), [
    WWW,
    'www.corp.test. 300 TXT "hello"',
  ]);
});

t.test('DNAME: the CNAME is made here, with the TTL of the DNAME, and a wrong one is refused', async (t) => {
  const dname = 'old.corp.test. 50 DNAME new.corp.test.';
  const end = 'a.b.new.corp.test. 10 A 192.0.2.1';
  const made = [dname, 'a.b.old.corp.test. 50 CNAME a.b.new.corp.test.', end];
  t.same(kept(scrubbed('a.b.old.corp.test.', 'A', { answer: [dname, end] })), made, 'none sent');
  const right = 'a.b.old.corp.test. 0 CNAME a.b.new.corp.test.';
  t.same(
    kept(scrubbed('a.b.old.corp.test.', 'A', { answer: [dname, right, end] })),
    made,
    'the right one sent',
  );
  const wrong = 'a.b.old.corp.test. 50 CNAME evil.test.';
  t.equal(scrubbed('a.b.old.corp.test.', 'A', { answer: [dname, wrong, end] }).kind, 'invalid');
});

t.test('DNAME at the name itself redirects only what is below (RFC 6672 section 2.3)', async (t) => {
  const answer = ['old.corp.test. 50 DNAME new.corp.test.'];
  t.same(kept(scrubbed('old.corp.test.', 'DNAME', { answer })), answer);
  t.match(scrubbed('old.corp.test.', 'A', { answer, authority: [SOA] }), { kind: 'nodata' });
});

t.test('DNAME above the rule’s domain is none of the forwarder’s business', async (t) => {
  for (const owner of ['test.', '.', 'evil.test.']) {
    const answer = [`${owner} 50 DNAME evil.example.`, 'www.corp.evil.example. 10 A 192.0.2.66'];
    t.same(kept(scrubbed('www.corp.test.', 'A', { answer })), [], owner);
  }
  const answer = ['corp.test. 50 DNAME new.example.', 'www.new.example. 10 A 192.0.2.1'];
  t.equal(scrubbed('www.corp.test.', 'A', { answer }).kind, 'answer', 'at the rule’s domain it is');
});

t.test('DNAME that makes a name over 255 octets: YXDOMAIN', async (t) => {
  const label = 'x'.repeat(60);
  const long = `${label}.${label}.${label}.${label}.corp.test.`.slice(15);
  const answer = [`corp.test. 50 DNAME ${label}.example.`];
  t.equal(scrubbed(long, 'A', { answer, rcode: 'YXDOMAIN' }).kind, 'too-long');
  t.equal(scrubbed(long, 'A', { answer }).kind, 'too-long');
  t.equal(
    scrubbed('www.corp.test.', 'A', { rcode: 'YXDOMAIN' }).kind,
    'invalid',
    'with nothing to show for it',
  );
});

t.test('loops, forks and long chains are refused', async (t) => {
  const chain = (links: number): string[] =>
    Array.from({ length: links }, (_, i) => `n${i}.corp.test. 30 CNAME n${i + 1}.corp.test.`);
  t.equal(scrubbed('n0.corp.test.', 'A', { answer: chain(11) }).kind, 'alias', '11 links');
  t.match(scrubbed('n0.corp.test.', 'A', { answer: chain(12) }), { kind: 'invalid', why: /more than 11/ });
  const self = ['n0.corp.test. 30 CNAME N0.corp.test.'];
  t.match(scrubbed('n0.corp.test.', 'A', { answer: self }), { kind: 'invalid', why: /loop/ });
  const circle = [...chain(3), 'n3.corp.test. 30 CNAME n1.corp.test.'];
  t.match(scrubbed('n0.corp.test.', 'A', { answer: circle }), { kind: 'invalid', why: /loop/ });
  const fork = ['n0.corp.test. 30 CNAME a.test.', 'n0.corp.test. 30 CNAME b.test.'];
  t.match(scrubbed('n0.corp.test.', 'A', { answer: fork }), { kind: 'invalid', why: /2 CNAMEs/ });
  const dnameLoop = ['corp.test. 30 DNAME a.corp.test.'];
  t.match(scrubbed('n0.corp.test.', 'A', { answer: dnameLoop }), { kind: 'invalid', why: /more than 11/ });
});

t.test('an RRset has at most 256 records', async (t) => {
  const records = (n: number): string[] =>
    Array.from({ length: n }, (_, i) => `www.corp.test. 300 A 10.0.${i >> 8}.${i & 255}`);
  t.equal(kept(scrubbed('www.corp.test.', 'A', { answer: records(256) })).length, 256);
  t.match(scrubbed('www.corp.test.', 'A', { answer: records(257) }), { kind: 'invalid', why: /256/ });
});

/** As `scrubbed`, with records of any type. */
function scrubbedRecords(type: string, rcode: number, answer: string[], authority: string[] = []): Scrubbed {
  const name = nameFromText('www.corp.test.');
  const packet: Packet = {
    id: 1,
    flags: FLAG.QR | rcode,
    question: { name, type: typeCode(type), class: CLASS.IN },
    answer: records(...answer),
    authority: records(...authority),
    additional: [],
    edns: undefined,
    extendedRcode: 0,
  };
  const question = { name, type: typeCode(type), sent: name, apex: nameFromText('corp.test.') };
  return scrub(readMessage(encodePacket(packet)), question);
}

t.test('of an RRset 16 signatures are kept, of a denial 10 NSEC records, of a name 100 types', async (t) => {
  const many = (n: number, text: (i: number) => string): string[] =>
    Array.from({ length: n }, (_, i) => text(i));
  const signature = (i: number): string =>
    `www.corp.test. 300 RRSIG A 13 3 300 20380101000000 20200101000000 ${i} corp.test. AAAA`;
  const signed = scrubbedRecords('A', RCODE.NOERROR, [...many(500, signature), WWW]);
  t.match(signed, { kind: 'answer', rrsets: [{ sigs: { length: 16 } }] });

  const proofs = many(500, (i) => `n${i}.corp.test. 300 NSEC n${i}.corp.test. A`);
  const denied = scrubbedRecords('A', RCODE.NXDOMAIN, [], [SOA, ...proofs]);
  t.match(denied, { kind: 'nxdomain', proofs: { length: 10 } });

  const types = (n: number): string[] => many(n, (i) => `www.corp.test. 300 TYPE${1000 + i} \\# 1 00`);
  t.match(scrubbedRecords('ANY', RCODE.NOERROR, types(100)), { kind: 'answer', rrsets: { length: 100 } });
  const any = scrubbedRecords('ANY', RCODE.NOERROR, types(101));
  t.match(any, { kind: 'invalid', why: /more than 100 types/ });
});

t.test('of a referral by a forwarder: addresses of 13 servers', async (t) => {
  const servers = Array.from({ length: 100 }, (_, i) => `ns${i}.corp.test.`);
  const result = scrubbed(
    'www.corp.test.',
    'A',
    {
      authority: servers.map((server) => `corp.test. 300 NS ${server}`),
      additional: servers.map((server, i) => `${server} 300 A 192.0.2.${i}`),
    },
    'corp.test.',
    true,
  );
  t.match(result, { kind: 'referral', glue: { length: 13 } });
});

t.test('negative: the SOA at or above the name, and only that', async (t) => {
  const cases: [soa: string, kept: boolean][] = [
    ['corp.test.', true],
    ['www.corp.test.', true],
    ['test.', true],
    ['.', true],
    ['other.test.', false],
    ['a.www.corp.test.', false],
    ['xcorp.test.', false],
  ];
  for (const rcode of ['NXDOMAIN', 'NOERROR'] as const)
    for (const [owner, isKept] of cases) {
      const soa = `${owner} 300 SOA ns.corp.test. host.corp.test. 1 2 3 4 60`;
      const result = scrubbed('www.corp.test.', 'A', {
        rcode,
        authority: [soa, 'corp.test. 300 NS ns.corp.test.'],
      });
      t.same(kept(result).length, isKept ? 1 : 0, `${rcode} ${owner}`);
    }
});

t.test('negative: of two SOA records of different zones neither is kept', async (t) => {
  for (const rcode of ['NXDOMAIN', 'NOERROR'] as const) {
    const authority = [SOA, 'test. 300 SOA ns.corp.test. host.corp.test. 1 2 3 4 60'];
    t.same(kept(scrubbed('www.corp.test.', 'A', { rcode, authority })), []);
  }
});

t.test('negative at the end of a chain: the SOA of the last name', async (t) => {
  const answer = ['www.corp.test. 30 CNAME b.example.'];
  const example = 'example. 300 SOA ns.example. host.example. 1 2 3 4 60';
  t.match(scrubbed('www.corp.test.', 'A', { rcode: 'NXDOMAIN', answer, authority: [example] }), {
    kind: 'nxdomain',
    soa: { type: 6 },
  });
  t.match(scrubbed('www.corp.test.', 'A', { rcode: 'NXDOMAIN', answer, authority: [SOA] }), {
    kind: 'nxdomain',
    soa: undefined,
  });
  t.match(scrubbed('www.corp.test.', 'A', { answer, authority: [example] }), {
    kind: 'nodata',
    soa: { type: 6 },
  });
});

t.test('what is not an answer', async (t) => {
  const refers = { authority: ['sub.corp.test. 300 NS ns.sub.corp.test.'] };
  t.match(scrubbed('www.corp.test.', 'A', refers), { kind: 'invalid', why: /referral/ });
  t.match(scrubbed('www.corp.test.', 'A', { rcode: 'NXDOMAIN', answer: [WWW] }), { kind: 'invalid' });
  t.match(scrubbed('www.corp.test.', 'A', { rcode: 'SERVFAIL', answer: [WWW] }), { kind: 'rcode', rcode: 2 });
  t.match(scrubbed('www.corp.test.', 'A', { rcode: 'REFUSED' }), { kind: 'rcode', rcode: 5 });
  t.match(
    scrubbed('www.corp.test.', 'A', {}),
    { kind: 'nodata', soa: undefined },
    'nothing at all is no data',
  );
});

t.test('a class other than IN counts for nothing', async (t) => {
  const query = { name: 'www.corp.test.', type: 'A', message: { id: 1 } } as unknown as SimQuery;
  const bytes = reply(query, { answer: [WWW] });
  // The class of the answer record: after header, question and owner name (dns-packet does not compress).
  bytes[12 + 15 + 4 + 15 + 3] = 3;
  const name = nameFromText('www.corp.test.');
  const result = scrub(readMessage(bytes), { name, sent: name, type: 1, apex: nameFromText('corp.test.') });
  t.match(result, { kind: 'nodata' });
});

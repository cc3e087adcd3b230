/** What authoritative servers reply, and what that is taken for. The servers asked are said to be those of test. */
import t from 'tap';
import { type Judged, judge } from '../../src/resolver/referral.ts';
import { FLAG, RCODE, TYPE } from '../../src/wire/constants.ts';
import { readMessage } from '../../src/wire/message.ts';
import { fold, type Name, nameFromText, nameToText, ROOT } from '../../src/wire/name.ts';
import { typeFromText } from '../../src/wire/rdata/table.ts';
import type { Rr } from '../../src/wire/record.ts';
import { recordsFromText } from '../support/authority-zone.ts';
import { encodePacket, type Packet, setRcode } from '../support/packet.ts';

interface Shape {
  /** Default `www.corp.test. A`. */
  readonly asked?: string;
  /** Default `test.`. */
  readonly apex?: string;
  readonly rcode?: keyof typeof RCODE;
  /** `aa`, `ra`; default none. */
  readonly flags?: string;
  readonly answer?: string;
  readonly authority?: string;
  readonly additional?: string;
  /** Last change to the records, for what no zone file can say. */
  readonly edit?: (packet: Packet) => void;
}

const rrs = (text = ''): Rr[] => recordsFromText(ROOT, text.replaceAll(' | ', '\n'));

function judged(shape: Shape): Judged {
  const [owner = '', type = ''] = (shape.asked ?? 'www.corp.test. A').split(' ');
  const name = fold(nameFromText(owner));
  const question = { name, type: typeFromText(type)!, class: 1 };
  const { flags = '' } = shape;
  const packet: Packet = {
    id: 1,
    flags: FLAG.QR | (flags.includes('aa') ? FLAG.AA : 0) | (flags.includes('ra') ? FLAG.RA : 0),
    question,
    answer: rrs(shape.answer),
    authority: rrs(shape.authority),
    additional: rrs(shape.additional),
    edns: undefined,
    extendedRcode: 0,
  };
  setRcode(packet, RCODE[shape.rcode ?? 'NOERROR']);
  shape.edit?.(packet);
  const apex = nameFromText(shape.apex ?? 'test.');
  return judge(readMessage(encodePacket(packet)), { ...question, sent: name, apex, staysWithin: true });
}

/** `referral corp.test. ns1.corp.test.(192.0.2.1)`, `usable nodata`, `lame`, … */
function verdict(shape: Shape): string {
  const result = judged(shape);
  switch (result.kind) {
    case 'referral': {
      const { zone, servers, ds } = result.referral;
      const names = servers.map(({ name, glue }) => `${text(name)}${glue.length > 0 ? `(${glue})` : ''}`);
      return ['referral', text(zone), ...names, ...(ds === undefined ? [] : ['DS'])].join(' ');
    }
    case 'usable':
      return `usable ${result.scrubbed.kind}`;
    case 'lame':
    case 'throwaway':
      return result.kind;
  }
}

const text = (name: Name): string => nameToText(name);

const NS = 'corp.test. 300 NS ns1.corp.test.';
const GLUE = 'ns1.corp.test. 300 A 192.0.2.1';
const SOA = 'test. 300 SOA ns host 1 2 3 4 60';
const DS = `corp.test. 300 DS 1 13 2 ${'00'.repeat(32)}`;
const NSEC = 'corp.test. 300 NSEC d.test. NS RRSIG NSEC';

const TABLE: Readonly<Record<string, Readonly<Record<string, [Shape, string]>>>> = {
  'referrals downwards are followed': {
    'with glue': [{ authority: NS, additional: GLUE }, 'referral corp.test. ns1.corp.test.(192.0.2.1)'],
    'without glue': [{ authority: 'corp.test. 300 NS ns.other.' }, 'referral corp.test. ns.other.'],
    'with DS': [{ authority: `${NS} | ${DS}` }, 'referral corp.test. ns1.corp.test. DS'],
    'a DS of another name is none': [
      { authority: `${NS} | ${DS.replace('corp', 'other')}` },
      'referral corp.test. ns1.corp.test.',
    ],
    'over two cuts': [{ authority: NS, apex: '.' }, 'referral corp.test. ns1.corp.test.'],
    'to the name itself': [{ asked: 'corp.test. A', authority: NS }, 'referral corp.test. ns1.corp.test.'],
    'at a question for NS': [{ asked: 'corp.test. NS', authority: NS }, 'referral corp.test. ns1.corp.test.'],
    'with AA, as some servers say it': [
      { flags: 'aa', authority: NS, additional: GLUE },
      'referral corp.test. ns1.corp.test.(192.0.2.1)',
    ],
    'with RA': [{ flags: 'ra', authority: NS }, 'referral corp.test. ns1.corp.test.'],
    'in other letters': [
      { authority: 'CORP.Test. 300 NS NS1.corp.TEST.', additional: GLUE.toUpperCase() },
      'referral corp.test. ns1.corp.test.(192.0.2.1)',
    ],
    'with answers to something else': [
      { answer: 'other.test. 300 A 192.0.2.9', authority: NS },
      'referral corp.test. ns1.corp.test.',
    ],
  },
  'referrals elsewhere are lame': {
    'upwards to the root': [{ authority: '. 300 NS a.root-servers.' }, 'lame'],
    'upwards with AA': [{ flags: 'aa', authority: '. 300 NS a.root-servers.' }, 'lame'],
    'to itself': [{ authority: 'test. 300 NS ns.test.' }, 'lame'],
    'downwards from somewhere else': [{ apex: 'example.', authority: NS }, 'lame'],
  },
  'NS records of other names mean nothing': {
    sideways: [{ authority: 'other.test. 300 NS ns.other.test.' }, 'throwaway'],
    'below the name': [{ asked: 'corp.test. A', authority: 'x.corp.test. 300 NS ns.x.test.' }, 'throwaway'],
    'upwards first, the right ones then': [
      { authority: `. 300 NS a.root-servers. | ${NS}` },
      'referral corp.test. ns1.corp.test.',
    ],
    'sideways first, the right ones then': [
      { authority: `other.test. 300 NS ns.other.test. | ${NS}` },
      'referral corp.test. ns1.corp.test.',
    ],
    'the right ones and others between': [
      { authority: `${NS} | other.test. 300 NS ns9.corp.test. | corp.test. 300 NS ns2.corp.test.` },
      'referral corp.test. ns1.corp.test. ns2.corp.test.',
    ],
    'another class': [
      {
        authority: NS,
        edit: (packet) => {
          packet.authority = packet.authority.map((rr) => ({ ...rr, class: 3 }));
        },
      },
      'lame',
    ],
  },
  'an SOA makes it a denial (RFC 2308 section 2.2)': {
    'NODATA with NS records beside it': [{ flags: 'aa', authority: `${NS} | ${SOA}` }, 'usable nodata'],
    NXDOMAIN: [{ flags: 'aa', rcode: 'NXDOMAIN', authority: SOA }, 'usable nxdomain'],
    'NXDOMAIN with NS records is no referral': [
      { flags: 'aa', rcode: 'NXDOMAIN', authority: NS },
      'usable nxdomain',
    ],
    'NODATA with the zone’s own NS records and no SOA, with AA': [
      { flags: 'aa', authority: 'test. 300 NS ns.test.' },
      'usable nodata',
    ],
    'an empty reply with AA': [{ flags: 'aa' }, 'usable nodata'],
    'an empty reply without': [{}, 'lame'],
    'an SOA without AA': [{ authority: SOA }, 'usable nodata'],
  },
  'answers go before referrals': {
    'with the NS records of the zone': [
      { flags: 'aa', answer: 'www.corp.test. 300 A 192.0.2.1', authority: NS },
      'usable answer',
    ],
    'an alias with the referral of its target': [
      { flags: 'aa', answer: 'www.corp.test. 300 CNAME a.corp.test.', authority: NS },
      'usable alias',
    ],
    'a DNAME above the name': [
      { flags: 'aa', answer: 'corp.test. 300 DNAME other.test.', authority: NS },
      'usable alias',
    ],
    'out of a cache': [{ flags: 'ra', answer: 'www.corp.test. 300 A 192.0.2.1' }, 'lame'],
    'without AA and RA': [{ answer: 'www.corp.test. 300 A 192.0.2.1' }, 'usable answer'],
  },
  'DS records are the parent’s': {
    answer: [{ asked: 'corp.test. DS', flags: 'aa', answer: DS }, 'usable answer'],
    denial: [{ asked: 'corp.test. DS', flags: 'aa', authority: SOA }, 'usable nodata'],
    'a referral to the child that has them': [
      { asked: 'corp.test. DS', authority: `${NS} | ${DS}` },
      'usable answer',
    ],
    'a referral to the child with the proof of none': [
      { asked: 'corp.test. DS', authority: `${NS} | ${NSEC}` },
      'usable nodata',
    ],
    'a referral to the child and no word of them': [{ asked: 'corp.test. DS', authority: NS }, 'throwaway'],
    'a referral on the way there': [
      { asked: 'x.corp.test. DS', authority: NS },
      'referral corp.test. ns1.corp.test.',
    ],
  },
  rcodes: {
    REFUSED: [{ rcode: 'REFUSED' }, 'lame'],
    'REFUSED with a referral': [{ rcode: 'REFUSED', authority: NS }, 'lame'],
    NOTAUTH: [{ rcode: 'NOTAUTH' }, 'lame'],
    SERVFAIL: [{ rcode: 'SERVFAIL', flags: 'aa', answer: 'www.corp.test. 300 A 192.0.2.1' }, 'throwaway'],
    FORMERR: [{ rcode: 'FORMERR' }, 'throwaway'],
    NOTIMP: [{ rcode: 'NOTIMP' }, 'throwaway'],
    'NXDOMAIN with an answer': [
      { rcode: 'NXDOMAIN', flags: 'aa', answer: 'www.corp.test. 300 A 192.0.2.1' },
      'throwaway',
    ],
    'YXDOMAIN without a DNAME': [{ rcode: 'YXDOMAIN', flags: 'aa' }, 'throwaway'],
  },
};

for (const [phenomenon, shapes] of Object.entries(TABLE))
  t.test(phenomenon, async (t) => {
    for (const [what, [shape, expected]] of Object.entries(shapes)) t.equal(verdict(shape), expected, what);
  });

t.test('glue: of this referral’s servers, and only of names that the zone asked can speak of', async (t) => {
  const glued = (servers: string[], additional: string, apex = 'test.'): string[] => {
    const authority = servers.map((name) => `corp.test. 300 NS ${name}`).join(' | ');
    const result = judged({ authority, additional, apex });
    if (result.kind !== 'referral') throw new Error(result.kind);
    return result.referral.servers.map(({ name, glue }) => `${text(name)} ${glue}`);
  };
  t.same(glued(['ns1.corp.test.'], `${GLUE} | www.corp.test. 300 A 192.0.2.66`), [
    'ns1.corp.test. 192.0.2.1',
  ]);
  t.same(
    glued(['ns.example.', 'ns.other.test.'], 'ns.example. 300 A 192.0.2.66 | ns.other.test. 300 A 192.0.2.2'),
    ['ns.example. ', 'ns.other.test. 192.0.2.2'],
    'a sibling’s, but nobody else’s',
  );
  t.same(
    glued(['ns.example.'], 'ns.example. 300 A 192.0.2.3', '.'),
    ['ns.example. 192.0.2.3'],
    'the root may',
  );
  t.same(
    glued(['ns.test.', 'ns.xtest.'], 'ns.test. 300 A 192.0.2.1 | ns.xtest. 300 A 192.0.2.66'),
    ['ns.test. 192.0.2.1', 'ns.xtest. '],
    'labels, not letters',
  );
  t.same(glued(['ns1.corp.test.'], `${GLUE} | ${GLUE} | ns1.corp.test. 300 AAAA 2001:db8::1`), [
    'ns1.corp.test. 192.0.2.1,2001:db8::1',
  ]);
  const many = Array.from({ length: 40 }, (_, i) => `ns1.corp.test. 300 A 192.0.2.${i + 1}`).join(' | ');
  t.equal(glued(['ns1.corp.test.'], many)[0]!.split(',').length, 6);
});

t.test('bounds: servers of a referral, however many it names', async (t) => {
  const authority = Array.from({ length: 300 }, (_, i) => `corp.test. 300 NS ns${i}.corp.test.`).join(' | ');
  const result = judged({ authority });
  t.equal(result.kind === 'referral' && result.referral.servers.length, 13);
  const twice = judged({ authority: 'corp.test. 300 NS ns.corp.test. | corp.test. 300 NS NS.corp.TEST.' });
  t.equal(twice.kind === 'referral' && twice.referral.servers.length, 1, 'each once, whatever its letters');
});

t.test(
  'of twenty servers those are used whose addresses came with them, and others in their order',
  async (t) => {
    const authority = Array.from({ length: 21 }, (_, i) => `corp.test. 300 NS ns${i}.corp.test.`).join(' | ');
    const additional = [0, 18, 19, 20].map((i) => `ns${i}.corp.test. 300 A 192.0.2.${i + 1}`).join(' | ');
    const result = judged({ authority, additional });
    const servers = result.kind === 'referral' ? result.referral.servers : [];
    // The 21st is not looked at.
    const used = [0, 18, 19, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((i) => `ns${i}.corp.test.`);
    t.same(
      servers.map(({ name }) => nameToText(name)),
      used,
    );
    // Addresses may be of a family that is not used here: three places are for others.
    const all = Array.from({ length: 20 }, (_, i) => `ns${i}.corp.test. 300 AAAA 2001:db8::${i}`).slice(1);
    const few = judged({ authority, additional: all.join(' | ') });
    const names = few.kind === 'referral' ? few.referral.servers.map(({ name }) => nameToText(name)) : [];
    t.equal(names.length, 13);
    t.ok(names.includes('ns0.corp.test.'));
  },
);

t.test('a denial beside the zone’s own NS records comes with its proofs', async (t) => {
  const sig = 'www.corp.test. 300 RRSIG NSEC 13 3 300 20380101000000 20200101000000 1 test. AAAA';
  const nsec = 'www.corp.test. 300 NSEC d.test. TXT RRSIG NSEC';
  const result = judged({ flags: 'aa', authority: `test. 300 NS ns.test. | ${nsec} | ${sig}` });
  if (result.kind !== 'usable') return t.fail(result.kind);
  t.match(result.scrubbed, {
    kind: 'nodata',
    soa: undefined,
    proofs: [{ type: TYPE.NSEC, sigs: { length: 1 } }],
  });
});

t.test('a denial: the SOA of a zone above the one that is asked is not kept', async (t) => {
  for (const [owner, count] of [
    ['corp.test.', 1],
    ['test.', 1],
    ['.', 0],
  ] as const) {
    const soa = `${owner} 300 SOA ns.test. host.test. 1 2 3 4 60`;
    const result = judged({ flags: 'aa', rcode: 'NXDOMAIN', authority: soa });
    if (result.kind !== 'usable' || result.scrubbed.kind !== 'nxdomain') return t.fail(result.kind);
    t.equal(result.scrubbed.soa === undefined ? 0 : 1, count, owner);
  }
});

t.test('the TTL of a referral is its NS records’ lowest, and nobody else’s', async (t) => {
  const authority =
    'corp.test. 60 NS ns1.corp.test. | corp.test. 300 NS ns2.corp.test. | other.test. 1 NS ns.other.test.';
  const result = judged({ authority, additional: 'ns1.corp.test. 5 A 192.0.2.1' });
  t.equal(result.kind === 'referral' && result.referral.ttl, 60);
});

t.test('what a referral says of DS comes with its signatures and proofs', async (t) => {
  const sig = (covered: string): string =>
    `corp.test. 300 RRSIG ${covered} 13 2 300 20380101000000 20200101000000 1 test. AAAA`;
  const withDs = judged({ authority: `${NS} | ${DS} | ${sig('DS')} | ${sig('NS')}` });
  if (withDs.kind !== 'referral') return t.fail(withDs.kind);
  t.match(withDs.referral.ds, { type: TYPE.DS, sigs: { length: 1 } });
  const without = judged({ authority: `${NS} | ${NSEC} | ${sig('NSEC')}` });
  if (without.kind !== 'referral') return t.fail(without.kind);
  t.equal(without.referral.ds, undefined);
  t.match(without.referral.proofs, [{ type: TYPE.NSEC, sigs: { length: 1 } }]);
});

t.test(
  'bounds: of DS records and proofs as large as a message nothing is kept with the delegation',
  async (t) => {
    const grown = (owner: string, type: number, octets: number): Rr => {
      const rdata = new Uint8Array(octets).fill(1);
      return { name: nameFromText(owner), type, class: 1, ttl: 300, rdata };
    };
    const kept = (octets: number): number => {
      const result = judged({
        authority: NS,
        edit: (packet) => packet.authority.push(grown('corp.test.', TYPE.DS, octets)),
      });
      if (result.kind !== 'referral') throw new Error(result.kind);
      return result.referral.ds?.rdatas.length ?? 0;
    };
    t.equal(kept(36), 1);
    t.equal(kept(4096), 1, 'as large as no honest one is');
    t.equal(kept(60_000), 0);
    const proofs = judged({
      authority: `${NS} | ${NSEC}`,
      edit: (packet) => {
        const sig = grown('corp.test.', TYPE.RRSIG, 60_000);
        // It covers NSEC, and the signer is the root.
        sig.rdata.set([0, TYPE.NSEC]);
        sig.rdata[18] = 0;
        packet.authority.push(sig);
      },
    });
    if (proofs.kind !== 'referral') return t.fail(proofs.kind);
    t.same(proofs.referral.proofs, []);
  },
);

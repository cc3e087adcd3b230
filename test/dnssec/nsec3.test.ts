import t from 'tap';
import {
  type Evidence,
  proveNameError,
  proveNoData,
  proveNoDs,
  proveWildcard,
} from '../../src/dnssec/denial.ts';
import { Nsec3Hashes } from '../../src/dnssec/nsec3hash.ts';
import { BUDGET_NSEC3_BLOCKS } from '../../src/resolver/budget.ts';
import { EDE, TYPE } from '../../src/wire/constants.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { makeKey, signed } from '../support/sign.ts';
import {
  hashOf,
  type Labels,
  type Nsec3Options,
  nsec3At,
  nsec3Rrset,
  nsec3Shown,
  type Owner,
  TestZone,
  WORK_WITHOUT_END,
  wire,
} from './chains.ts';
import { CountedWork, evidence, say } from './support.ts';
import { name } from './zones.ts';

/** RFC 5155 appendix A: every record has the opt-out flag. */
const RFC5155: Record<string, string> = Object.fromEntries(
  [
    '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG',
    '2t7b4g4vsa5smi47k61mv5bv1a22bojr 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG',
    '2vptu5timamqttgl4luu9kg21e0aor3s 35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG',
    '35mthgpgcu1qg68fab165klnsnk3dpvl b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG',
    'b4um86eghhds6nea196smvmlo4ors995 gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG',
    'gjeqe526plbf1g8mklp59enfd789njgi ji6neoaepv8b5o6k4ev33abha8ht9fgc HINFO A AAAA RRSIG',
    'ji6neoaepv8b5o6k4ev33abha8ht9fgc k8udemvp1j2f7eg6jebps17vp3n8i58h',
    'k8udemvp1j2f7eg6jebps17vp3n8i58h kohar7mbb8dc2ce8a9qvl8hon4k53uhi',
    'kohar7mbb8dc2ce8a9qvl8hon4k53uhi q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG',
    'q04jkcevqvmu85r014c7dkba38o0ji5r r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG',
    'r53bq7cc2uvmubfu5ocmm6pers9tk9en t644ebqk9bibcna874givr6joj62mlhv MX RRSIG',
    't644ebqk9bibcna874givr6joj62mlhv 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom HINFO A AAAA RRSIG',
  ].map((line) => {
    const [owner = '', ...rest] = line.split(' ');
    return [owner.slice(0, 4), `${owner}.example. NSEC3 1 FLAGS 12 aabbccdd ${rest.join(' ')}\n`];
  }),
);

function rfc(owners: string, flags = 1): Evidence {
  const text = owners.split(' ').map((owner) => RFC5155[owner]);
  return evidence('example.', text.join('').replaceAll('FLAGS', String(flags)));
}

t.test('RFC 5155 appendix B', async (t) => {
  const error = name('a.c.x.w.example.');
  t.equal(say(proveNameError(error, rfc('0p9m b4um 35mt'))), 'insecure: NSEC3 opt-out', 'B.1');
  t.equal(proveNameError(error, rfc('0p9m b4um 35mt', 0)).status, 'secure', 'B.1 without opt-out');
  t.equal(proveNoData(name('ns1.example.'), TYPE.MX, rfc('2t7b')).status, 'secure', 'B.2');
  t.equal(proveNoData(name('y.w.example.'), TYPE.A, rfc('ji6n')).status, 'secure', 'B.2.1');
  t.equal(proveNoDs(name('c.example.'), rfc('35mt 0p9m')).status, 'opt-out', 'B.3');
  const wild = name('a.z.w.example.');
  t.equal(proveWildcard(wild, name('w.example.'), rfc('q04j')).status, 'insecure', 'B.4');
  t.equal(proveWildcard(wild, name('w.example.'), rfc('q04j', 0)).status, 'secure', 'B.4 without opt-out');
  t.equal(proveWildcard(wild, name('w.example.'), rfc('k8ud', 0)).status, 'bogus', 'B.4 with a wrong record');
  t.equal(proveNoData(wild, TYPE.AAAA, rfc('k8ud q04j r53b')).status, 'insecure', 'B.5');
  t.equal(proveNoData(wild, TYPE.AAAA, rfc('k8ud q04j r53b', 0)).status, 'secure', 'B.5 without opt-out');
  t.equal(proveNoData(wild, TYPE.MX, rfc('k8ud q04j r53b', 0)).status, 'bogus', 'B.5, the wildcard has it');
  t.equal(proveNoData(name('example.'), TYPE.DS, rfc('0p9m')).status, 'bogus', 'B.6');
});

t.test('each part of the proof is needed', async (t) => {
  const error = name('a.c.x.w.example.');
  for (const part of ['b4um 35mt', '0p9m 35mt', '0p9m b4um', '0p9m', ''])
    t.equal(proveNameError(error, rfc(part, 0)).status, 'bogus', part);
  const wild = name('a.z.w.example.');
  for (const part of ['q04j r53b', 'k8ud r53b', 'k8ud q04j'])
    t.equal(proveNoData(wild, TYPE.AAAA, rfc(part, 0)).status, 'bogus', part);
  t.equal(proveNoDs(name('c.example.'), rfc('35mt')).status, 'bogus');
  t.equal(proveNoDs(name('c.example.'), rfc('0p9m')).status, 'bogus');
});

const ZONE: Labels = ['example'];
const NAMES: readonly Owner[] = [
  { labels: ['a'], kind: 'address' },
  { labels: ['cut'], kind: 'cut' },
  { labels: ['signed'], kind: 'signedCut' },
  { labels: ['moved'], kind: 'redirect' },
  { labels: ['alias'], kind: 'alias' },
  { labels: ['*', 'wild'], kind: 'text' },
];
const zone = new TestZone(ZONE, NAMES);

/** What a server of `zone` shows for a name. */
function shown(text: string, options: Nsec3Options = {}): Rrset[] {
  return nsec3Shown(zone.nsec3(options), zone, text.split('.'), options);
}

const at = (text: string, options: Nsec3Options = {}): Rrset =>
  nsec3At(zone.nsec3(options), zone, text === '' ? [] : text.split('.'), options);

/** Closest encloser, next closer name and wildcard for `none`, which may be the same record. */
function parts(options: Nsec3Options = {}): [Rrset, Rrset, Rrset] {
  return [at('', options), at('none', options), at('*', options)];
}

function given(rrsets: readonly Rrset[], work: Evidence['work'] = WORK_WITHOUT_END): Evidence {
  return { zone: wire(ZONE), rrsets, work };
}

const named = (text: string): Uint8Array => wire([...text.split('.'), ...ZONE]);

t.test('a delegation or DNAME is no closest encloser', async (t) => {
  for (const encloser of ['cut', 'signed', 'moved']) {
    const below = named(`www.${encloser}`);
    const e = given([at(encloser), at(`www.${encloser}`), at(`*.${encloser}`)]);
    t.equal(proveNameError(below, e).status, 'bogus', encloser);
    t.equal(proveNoData(below, TYPE.A, e).status, 'bogus', encloser);
    t.equal(proveNoDs(below, e).status, 'bogus', encloser);
  }
  t.equal(proveNameError(named('www.a'), given(shown('www.a'))).status, 'secure', 'any other name is');
});

t.test("the parent's NSEC3 at a cut speaks of the DS only", async (t) => {
  t.equal(proveNoData(named('cut'), TYPE.A, given([at('cut')])).status, 'bogus');
  t.equal(proveNoData(named('cut'), TYPE.DS, given([at('cut')])).status, 'secure');
  t.equal(proveNoDs(named('cut'), given([at('cut')])).status, 'cut');
  t.equal(say(proveNoDs(named('signed'), given([at('signed')]))), 'bogus: signed.example. has a DS');
  t.equal(proveNoDs(named('a'), given([at('a')])).status, 'no-cut');
  t.equal(proveNoDs(named('wild'), given([at('wild')])).status, 'no-cut', 'an empty non-terminal');
  t.equal(proveNoDs(named('none'), given(shown('none'))).status, 'no-cut');
});

t.test("the child's NSEC3 says nothing of the DS", async (t) => {
  const apex = at('');
  t.equal(proveNoDs(wire(ZONE), given([apex])).status, 'bogus');
  t.equal(proveNoData(wire(ZONE), TYPE.DS, given([apex])).status, 'bogus');
  t.equal(proveNoData(wire(ZONE), TYPE.A, given([apex])).status, 'secure');
});

t.test('a hash that is that of a name above the zone encloses nothing', async (t) => {
  const child: Labels = ['evil', 'example'];
  for (const above of [['example'], []])
    for (const isApex of [false, true]) {
      const hash = hashOf(above);
      const rrsets = [nsec3Rrset(hash, child, hash, isApex ? [TYPE.NS, TYPE.SOA] : [TYPE.A])];
      const e: Evidence = { zone: wire(child), rrsets, work: WORK_WITHOUT_END };
      t.equal(proveNameError(wire(['victim', 'example']), e).status, 'bogus', 'outside');
      // With SOA it says that it is its zone's own, whose names are its own to deny.
      t.equal(proveNameError(wire(['www', ...child]), e).status, isApex ? 'secure' : 'bogus', 'inside');
      t.equal(proveNameError(wire(above), e).status, 'bogus');
      t.equal(proveNoData(wire(above), TYPE.A, e).status, 'bogus');
      t.equal(proveNoDs(wire(child), e).status, 'bogus');
    }
});

t.test('a wildcard above the zone is not its own to prove', async (t) => {
  const child: Labels = ['a', 'example'];
  const hash = hashOf(child);
  const rrsets = [nsec3Rrset(hash, child, hash, [TYPE.NS, TYPE.SOA])];
  const e: Evidence = { zone: wire(child), rrsets, work: WORK_WITHOUT_END };
  t.equal(proveWildcard(wire(['www', ...child]), wire(child), e).status, 'secure');
  t.equal(
    proveWildcard(wire(['www', ...child]), wire([]), e).status,
    'bogus',
    'example. is covered, but above',
  );
});

t.test('the owner is one hash and the zone', async (t) => {
  const [record] = [at('a')];
  const prove = (owner: Labels) =>
    proveNoData(named('a'), TYPE.MX, given([{ ...record, name: wire(owner) }]));
  const hash = String.fromCharCode(...record.name.subarray(1, 33));
  t.equal(prove([hash, 'example']).status, 'secure');
  t.equal(prove([hash.toUpperCase(), 'EXAMPLE']).status, 'secure');
  const wrong = [
    [hash, 'x', 'example'],
    ['x', hash, 'example'],
    [hash],
    [hash, 'example', 'com'],
    ['example'],
    [`${hash}00`, 'example'],
    [hash.slice(0, 24), 'example'],
    [hash.replace(/.$/, 'w'), 'example'],
    ['*', 'example'],
  ];
  for (const owner of wrong) t.equal(prove(owner).status, 'bogus', owner.join('.'));
});

t.test('flags, algorithms and lengths that are not known are passed over', async (t) => {
  const hash = hashOf(['a', ...ZONE]);
  const prove = (options: Nsec3Options, next: Uint8Array = hash) =>
    proveNoData(named('a'), TYPE.MX, given([nsec3Rrset(hash, ZONE, next, [TYPE.A], options)]));
  t.equal(prove({}).status, 'secure');
  t.equal(prove({ flags: 1 }).status, 'secure');
  for (const flags of [2, 3, 128, 255]) t.equal(prove({ flags }).status, 'bogus', `flags ${flags}`);
  for (const algorithm of [0, 2, 255]) t.equal(prove({ algorithm }).status, 'bogus', `hash ${algorithm}`);
  t.equal(prove({}, hash.subarray(1)).status, 'bogus', 'a next hash of 19 octets');
  t.equal(prove({}, Buffer.concat([hash, hash])).status, 'bogus', 'of 40 octets');
  t.match(prove({ algorithm: 2 }), { ede: EDE.NSEC_MISSING });
});

t.test('truncated rdata is passed over', async (t) => {
  const record = at('a');
  const [rdata] = record.rdatas as [Uint8Array];
  const bitmapAt = 5 + 1 + 20;
  for (let end = 0; end < rdata.length; end++) {
    const e = given([{ ...record, rdatas: [rdata.subarray(0, end)] }]);
    if (end !== bitmapAt) t.equal(proveNoData(named('a'), TYPE.MX, e).status, 'bogus', `${end} octets`);
  }
});

t.test('records of differing parameters do not make one proof', async (t) => {
  const salted = { salt: Uint8Array.of(1) };
  const [encloser, nextCloser, wildcard] = parts();
  t.equal(proveNameError(named('none'), given([encloser, nextCloser, wildcard])).status, 'secure');
  for (const options of [salted, { iterations: 1 }]) {
    const others = parts(options);
    for (const i of [0, 1, 2]) {
      const mixed = [encloser, nextCloser, wildcard].map((record, j) => (i === j ? others[i]! : record));
      t.equal(proveNameError(named('none'), given(mixed)).status, 'bogus', `${i}`);
    }
    const both = [...others, encloser, nextCloser, wildcard];
    t.equal(proveNameError(named('none'), given(both)).status, 'secure', 'two chains, each whole');
  }
});

t.test('more than 50 iterations, or a salt of more than 64 octets, make it insecure', async (t) => {
  const prove = (options: Nsec3Options, work = new CountedWork()) => {
    const proofs = [
      proveNameError(named('none'), given(shown('none', options), work)),
      proveNoData(named('a'), TYPE.MX, given([at('a', options)], work)),
      proveWildcard(named('none'), wire(ZONE), given([at('none', options)], work)),
      proveNoDs(named('cut'), given([at('cut', options)], work)),
    ];
    return [...new Set(proofs.map(say)), work.blocks];
  };
  t.same(prove({ iterations: 51 }), ['insecure: NSEC3 with 51 iterations', 0]);
  t.same(prove({ iterations: 1000, salt: new Uint8Array(255) }), ['insecure: NSEC3 with 1000 iterations', 0]);
  t.same(prove({ salt: new Uint8Array(65) }), ['insecure: NSEC3 with a salt of 65 octets', 0]);
  t.notMatch(prove({ iterations: 50, salt: new Uint8Array(64) }), ['insecure']);
  t.match(proveNoData(named('a'), TYPE.MX, given([at('a', { iterations: 51 })])), {
    ede: EDE.UNSUPPORTED_NSEC3_ITERATIONS,
    used: [{ type: TYPE.NSEC3 }],
  });
});

t.test('a cheap chain that proves it is used beside a costly one', async (t) => {
  const both = [...shown('none', { iterations: 100 }), ...shown('none')];
  t.equal(proveNameError(named('none'), given(both)).status, 'secure');
  const part = [...shown('none', { iterations: 100 }), ...shown('none').slice(1)];
  t.equal(proveNameError(named('none'), given(part)).status, 'insecure');
});

t.test('eight records are looked at', async (t) => {
  const filler = Array.from({ length: 7 }, (_, i) =>
    nsec3Rrset(hashOf([`f${i}`]), ZONE, hashOf([`f${i}`, 'x']), [TYPE.A], { salt: Uint8Array.of(i) }),
  );
  const prove = (rrsets: Rrset[]) => proveNoData(named('a'), TYPE.MX, given(rrsets)).status;
  t.equal(prove([...filler, at('a')]), 'secure');
  t.equal(prove([...filler, filler[0]!, at('a')]), 'bogus');
});

const DEEP = `${'x.'.repeat(119)}none`;

t.test('hashing ends with the work there is', async (t) => {
  const dear = { iterations: 50, salt: new Uint8Array(64) };
  for (const options of [{}, { iterations: 1 }, { iterations: 20 }, dear]) {
    // Without a closest encloser all names up to the zone are hashed.
    const rrsets = [at('none', options)];
    const proofs: [string, (e: Evidence) => { status: string }][] = [
      ['no name', (e) => proveNameError(named(DEEP), e)],
      ['no data', (e) => proveNoData(named(DEEP), TYPE.A, e)],
      ['no DS', (e) => proveNoDs(named(DEEP), e)],
      ['wildcard', (e) => proveWildcard(named(DEEP), wire(ZONE), e)],
    ];
    for (const [what, prove] of proofs) {
      const work = new CountedWork(BUDGET_NSEC3_BLOCKS);
      const { status } = prove(given(rrsets, work));
      t.ok(work.blocks <= BUDGET_NSEC3_BLOCKS, `${what}: ${work.blocks} blocks`);
      // For a wildcard one hash is enough, whatever the depth.
      t.equal(status, what === 'wildcard' ? 'secure' : 'exhausted', what);
    }
  }
});

t.test('below a name that does not exist two hashes prove it, however deep', async (t) => {
  for (const name of ['none', 'x.none', `${'x.'.repeat(40)}none`]) {
    const work = new CountedWork(BUDGET_NSEC3_BLOCKS);
    const e = given(shown(name, { iterations: 50 }), work);
    t.equal(proveNameError(named(name), e).status, 'secure', name);
    t.equal(work.blocks, 2 * 51, name);
  }
});

t.test('no work left is not the same as no proof, and never a proof', async (t) => {
  for (let max = 0; max < 8; max++) {
    const e = given(shown('none'), new CountedWork(max));
    t.equal(proveNameError(named('none'), e).status, max < 2 ? 'exhausted' : 'secure', `${max} blocks`);
  }
  const optOut = { optOut: true };
  // With the wildcard's hash unknown it must not look as if there were no wildcard.
  const rrsets = [at('wild', optOut), at('z.wild', optOut), at('*.wild', optOut)];
  t.equal(proveNoData(named('z.wild'), TYPE.A, given(rrsets)).status, 'bogus');
  t.equal(proveNoData(named('z.wild'), TYPE.A, given(rrsets, new CountedWork(2))).status, 'exhausted');
});

t.test('hashes are shared by the proofs of one query', async (t) => {
  const work = new CountedWork();
  const hashes = new Nsec3Hashes(work);
  const e = { ...given(shown('none'), work), hashes };
  for (let i = 0; i < 3; i++) t.equal(proveNameError(named('none'), e).status, 'secure');
  t.equal(proveNoDs(named('none'), e).status, 'no-cut');
  t.equal(work.blocks, 2, 'the name and the wildcard; whose the SOA is needs none');
});

t.test('the closest encloser of a long name takes few hashes where it is near one of its ends', async (t) => {
  const existing = 'h.g.f.e.d.c.b.a'.split('.');
  const deep = new TestZone(ZONE, [{ labels: existing, kind: 'address' }]);
  const hashes = (above: number, below: number): number => {
    const labels = [...'9876543210'.slice(0, below), ...existing.slice(existing.length - above)];
    const work = new CountedWork();
    const rrsets = nsec3Shown(deep.nsec3(), deep, labels);
    t.equal(proveNameError(wire([...labels, ...ZONE]), given(rrsets, work)).status, 'secure');
    return work.blocks;
  };
  t.equal(hashes(0, 1), 2, 'the name and the wildcard');
  t.equal(hashes(0, 10), 2, 'the next closer name and the wildcard');
  t.equal(hashes(1, 2), 3, 'no hash for a record that would be known without, nor for the name');
  for (const labels of [1, 2, 4, 8]) {
    t.ok(hashes(labels, 1) <= 4, `${labels} labels exist, one does not`);
    t.ok(hashes(labels, 2) <= 5, `${labels} labels exist, two do not`);
    t.ok(hashes(labels, 10) <= Math.min(2 * labels + 4, labels + 12), `${labels} labels exist, ten do not`);
  }
});

t.test('an opt-out proves nothing secure', async (t) => {
  const flags = (rrset: Rrset, optOut: boolean): Rrset => ({
    ...rrset,
    rdatas: rrset.rdatas.map((rdata) => rdata.with(1, optOut ? 1 : 0)),
  });
  const [encloser, nextCloser, wildcard] = parts();
  t.not(nextCloser, wildcard);
  const prove = (...rrsets: Rrset[]) => proveNameError(named('none'), given(rrsets)).status;
  t.equal(prove(encloser, flags(nextCloser, true), wildcard), 'insecure', 'at the next closer name');
  t.equal(prove(encloser, nextCloser, flags(wildcard, true)), 'insecure', 'at the wildcard');
  t.equal(prove(flags(encloser, true), nextCloser, wildcard), 'secure', 'a name that is there is there');
  t.equal(prove(encloser, flags(nextCloser, true)), 'bogus', 'the wildcard must be denied all the same');
});

t.test('an empty non-terminal above delegations without DS has no record under opt-out', async (t) => {
  const optOut = { optOut: true };
  const above = new TestZone(ZONE, [{ labels: ['sub', 'ent'], kind: 'cut' }]);
  const e = given(nsec3Shown(above.nsec3(optOut), above, ['ent'], optOut));
  t.equal(say(proveNoData(named('ent'), TYPE.A, e)), 'insecure: NSEC3 opt-out');
  t.equal(say(proveNoData(named('ent'), TYPE.DS, e)), 'insecure: NSEC3 opt-out');
  t.equal(proveNoDs(named('ent'), e).status, 'opt-out');
  t.equal(proveNoDs(named('sub.ent'), e).status, 'opt-out');
});

t.test('a record without the opt-out flag hides no delegation', async (t) => {
  const e = given(shown('none'));
  t.equal(
    proveNoDs(named('none'), e).status,
    'no-cut',
    'val_nsec3_nods_badopt: it is no insecure delegation',
  );
});

t.test('a CNAME would have been the answer, also at a wildcard', async (t) => {
  t.equal(proveNoData(named('alias'), TYPE.A, given([at('alias')])).status, 'bogus');
  const wild = new TestZone(ZONE, [{ labels: ['*'], kind: 'alias' }]);
  const e = given(nsec3Shown(wild.nsec3(), wild, ['www']));
  t.equal(proveNoData(named('www'), TYPE.A, e).status, 'bogus');
});

t.test('what another zone or a wildcard has signed is not used', async (t) => {
  const key = makeKey('example.', { seed: 'example' });
  const other = makeKey('a.example.', { seed: 'a' });
  const prove = (rrset: Rrset) => proveNoData(named('a'), TYPE.MX, given([rrset])).status;
  t.equal(prove(signed(at('a'), key)), 'secure');
  t.equal(prove(signed(at('a'), other)), 'bogus');
  t.equal(prove(signed(at('a'), key, { owner: name('*.example.') })), 'bogus');
});

t.test('a zone that changes from NSEC to NSEC3 may show both', async (t) => {
  const nsec = evidence('example.', 'a.example. NSEC b.example. A\n').rrsets;
  t.equal(proveNoData(named('a'), TYPE.MX, given([...shown('none'), ...nsec])).status, 'secure');
  t.equal(proveNameError(named('none'), given([...nsec, ...shown('none')])).status, 'secure');
});

import t from 'tap';
import {
  type Evidence,
  proveNameError,
  proveNoData,
  proveNoDs,
  proveWildcard,
} from '../../src/dnssec/denial.ts';
import { EDE, TYPE } from '../../src/wire/constants.ts';
import { nameToText } from '../../src/wire/name.ts';
import type { Rrset } from '../../src/wire/record.ts';
import { makeKey, signed } from '../support/sign.ts';

import { evidence, say } from './support.ts';
import { name } from './zones.ts';

/** RFC 4035 appendix A. */
const RFC4035 = {
  apex: 'example. NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY\n',
  a: 'a.example. NSEC ai.example. NS DS RRSIG NSEC\n',
  ai: 'ai.example. NSEC b.example. A HINFO AAAA RRSIG NSEC\n',
  b: 'b.example. NSEC ns1.example. NS RRSIG NSEC\n',
  ns1: 'ns1.example. NSEC ns2.example. A RRSIG NSEC\n',
  ns2: 'ns2.example. NSEC *.w.example. A RRSIG NSEC\n',
  wildcard: '*.w.example. NSEC x.w.example. MX RRSIG NSEC\n',
  xw: 'x.w.example. NSEC x.y.w.example. MX RRSIG NSEC\n',
  xyw: 'x.y.w.example. NSEC xx.example. MX RRSIG NSEC\n',
  xx: 'xx.example. NSEC example. A HINFO AAAA RRSIG NSEC\n',
};

/** Owners of what was used. */
function used(proof: { status: string; used?: readonly Rrset[] }): string[] {
  return (proof.used ?? []).map((rrset) => nameToText(rrset.name));
}

t.test('RFC 4035 appendix B', async (t) => {
  const nameError = proveNameError(name('ml.example.'), evidence('example.', RFC4035.b + RFC4035.apex));
  t.same([nameError.status, used(nameError)], ['secure', ['b.example.', 'example.']], 'B.2');
  const noData = proveNoData(name('ns1.example.'), TYPE.MX, evidence('example.', RFC4035.ns1));
  t.equal(noData.status, 'secure', 'B.3');
  t.equal(proveNoDs(name('b.example.'), evidence('example.', RFC4035.b)).status, 'cut', 'B.5');
  const name4 = name('a.z.w.example.');
  const wildcard = proveWildcard(name4, name('w.example.'), evidence('example.', RFC4035.xyw));
  t.equal(wildcard.status, 'secure', 'B.6');
  const e = evidence('example.', RFC4035.xyw + RFC4035.wildcard);
  t.equal(proveNoData(name4, TYPE.AAAA, e).status, 'secure', 'B.7');
  t.equal(proveNoData(name4, TYPE.MX, e).status, 'bogus', 'B.7, of a type that the wildcard has');
  t.equal(proveNoData(name('example.'), TYPE.DS, evidence('example.', RFC4035.apex)).status, 'bogus', 'B.8');
});

t.test('an NSEC whose next name is out of the zone is not used', async (t) => {
  const overreach = 'www.example. NSEC zzz. A RRSIG NSEC\n';
  const apex = 'example. NSEC www.example. NS SOA RRSIG NSEC\n';
  const e = evidence('example.', overreach + apex);
  t.equal(proveNameError(name('xxx.example.'), e).status, 'bogus');
  t.equal(proveNoData(name('www.example.'), TYPE.TXT, e).status, 'bogus', 'not for its own name either');
  t.equal(say(proveNameError(name('victim.'), e)), 'bogus: victim. is not of example.');
});

t.test('an NSEC whose owner is out of the zone is not used', async (t) => {
  const e = evidence('example.', 'example.com. NSEC example. A RRSIG NSEC\n');
  t.match(proveNoData(name('www.example.'), TYPE.A, e), { status: 'bogus', ede: EDE.NSEC_MISSING });
  const before = evidence('example.', 'aaa. NSEC example. A RRSIG NSEC\n');
  t.equal(proveNameError(name('www.example.'), before).status, 'bogus');
});

t.test('after the last name comes the apex and nothing else', async (t) => {
  const apex = 'example. NSEC a.example. NS SOA RRSIG NSEC\n';
  const last = evidence('example.', `${apex}m.example. NSEC example. A RRSIG NSEC\n`);
  t.equal(proveNameError(name('z.example.'), last).status, 'secure');
  t.equal(proveNameError(name('b.example.'), last).status, 'bogus', 'what is before its owner is not denied');
  const backward = evidence('example.', `${apex}m.example. NSEC c.example. A RRSIG NSEC\n`);
  t.equal(proveNameError(name('z.example.'), backward).status, 'bogus');
  t.equal(proveNameError(name('b.example.'), backward).status, 'bogus');
  t.equal(proveNoData(name('m.example.'), TYPE.TXT, backward).status, 'bogus', 'not for its own name either');
  const itself = evidence('example.', `${apex}m.example. NSEC m.example. A RRSIG NSEC\n`);
  t.equal(proveNameError(name('z.example.'), itself).status, 'bogus');
});

t.test('a zone of one name denies all below it', async (t) => {
  const e = evidence('example.', 'example. NSEC example. NS SOA RRSIG NSEC\n');
  t.equal(proveNameError(name('a.b.example.'), e).status, 'secure');
  t.equal(proveNameError(name('example.'), e).status, 'bogus');
});

t.test("the parent's NSEC at a cut speaks of the DS only", async (t) => {
  const e = evidence('example.', RFC4035.apex + RFC4035.b);
  t.equal(proveNoData(name('b.example.'), TYPE.A, e).status, 'bogus');
  t.equal(proveNameError(name('www.b.example.'), e).status, 'bogus');
  t.equal(proveNoData(name('www.b.example.'), TYPE.A, e).status, 'bogus');
  t.equal(proveNoDs(name('www.b.example.'), e).status, 'bogus');
  t.equal(proveWildcard(name('www.b.example.'), name('b.example.'), e).status, 'bogus');
  t.equal(proveNoData(name('b.example.'), TYPE.DS, e).status, 'secure');
  t.equal(proveNoData(name('a.example.'), TYPE.DS, evidence('example.', RFC4035.a)).status, 'bogus');
});

t.test("the child's NSEC says nothing of the DS", async (t) => {
  const child = 'b.example. NSEC www.b.example. NS SOA RRSIG NSEC DNSKEY\n';
  const parent = evidence('example.', child);
  t.equal(proveNoDs(name('b.example.'), parent).status, 'bogus', 'as if it were the parent');
  t.equal(proveNoData(name('b.example.'), TYPE.DS, parent).status, 'bogus');
  const own = evidence('b.example.', 'b.example. NSEC www.b.example. NS RRSIG NSEC\n');
  t.equal(
    proveNoDs(name('b.example.'), own).status,
    'bogus',
    'without SOA bit, but of the child all the same',
  );
  t.equal(proveNoData(name('b.example.'), TYPE.DS, own).status, 'bogus');
});

t.test('the root has no DS, and no parent to say so', async (t) => {
  const e = evidence('.', '. NSEC aaa. NS SOA RRSIG NSEC DNSKEY\n');
  t.equal(proveNoData(name('.'), TYPE.DS, e).status, 'secure');
  t.equal(proveNoDs(name('.'), e).status, 'no-cut');
  t.equal(proveNameError(name('a.'), e).status, 'secure');
});

t.test('an NSEC at a DNAME denies nothing below it', async (t) => {
  const e = evidence('example.', 'example. NSEC d.example. NS SOA\nd.example. NSEC x.example. A DNAME\n');
  t.equal(proveNameError(name('www.d.example.'), e).status, 'bogus');
  t.equal(proveNoDs(name('www.d.example.'), e).status, 'bogus');
  t.equal(proveNoData(name('d.example.'), TYPE.TXT, e).status, 'secure', 'but what is at its own name');
  t.equal(proveNameError(name('e.example.'), e).status, 'secure', 'and beside it');
});

t.test('a next name below makes an empty non-terminal', async (t) => {
  const e = evidence('example.', 'example. NSEC a.b.c.example. NS SOA\na.b.c.example. NSEC example. A\n');
  for (const text of ['b.c.example.', 'c.example.', 'B.C.EXAMPLE.']) {
    t.equal(proveNoData(name(text), TYPE.A, e).status, 'secure', text);
    t.equal(proveNoData(name(text), TYPE.ANY, e).status, 'secure', text);
    t.equal(proveNoDs(name(text), e).status, 'no-cut', text);
    t.equal(proveNameError(name(text), e).status, 'bogus', `${text} is there`);
  }
  t.equal(proveNameError(name('z.c.example.'), e).status, 'secure');
});

t.test('an empty non-terminal is a wildcard too', async (t) => {
  const e = evidence('example.', 'example. NSEC a.*.example. NS SOA\na.*.example. NSEC example. A\n');
  t.equal(proveNoData(name('www.example.'), TYPE.A, e).status, 'secure');
  t.equal(proveNameError(name('www.example.'), e).status, 'bogus');
});

t.test('a CNAME would have been the answer', async (t) => {
  const e = evidence('example.', 'w.example. NSEC x.example. CNAME RRSIG NSEC\n');
  t.equal(proveNoData(name('w.example.'), TYPE.A, e).status, 'bogus');
  t.equal(proveNoData(name('w.example.'), TYPE.DS, e).status, 'bogus');
  t.equal(proveNoDs(name('w.example.'), e).status, 'no-cut', 'but it is no delegation');
  const wildcard = evidence('example.', '*.example. NSEC x.example. CNAME\nx.example. NSEC example. A\n');
  t.equal(proveNoData(name('z.example.'), TYPE.A, wildcard).status, 'bogus', 'at a wildcard neither');
});

t.test('a name denied by a record made for it alone', async (t) => {
  const e = evidence('example.', 'www.example. NSEC \\000.www.example. RRSIG NSEC TYPE128\n');
  t.equal(proveNoData(name('www.example.'), TYPE.A, e).status, 'secure');
  t.equal(proveNoData(name('www.example.'), TYPE.ANY, e).status, 'secure');
  t.equal(proveNameError(name('www.example.'), e).status, 'secure', 'it says that there is no such name');
  t.equal(proveNoDs(name('www.example.'), e).status, 'no-cut');
  t.equal(proveNoData(name('www.example.'), 128, e).status, 'bogus');
  t.equal(proveNameError(name('a.www.example.'), e).status, 'bogus', 'of names below it says nothing');
  const odd = evidence('example.', 'www.example. NSEC \\000.www.example. A RRSIG NSEC TYPE128\n');
  t.equal(proveNameError(name('www.example.'), odd).status, 'bogus', 'a name with an address exists');
  const ent = evidence('example.', 'www.example. NSEC \\000.www.example. RRSIG NSEC\n');
  t.equal(proveNameError(name('www.example.'), ent).status, 'bogus', 'and so does one without any type');
});

t.test('the NSEC of a wildcard is not that of the names it stands for', async (t) => {
  const key = makeKey('test.', { seed: 'wildcard' });
  const star = evidence('test.', '*.test. NSEC x.test. NS RRSIG NSEC\n').rrsets[0]!;
  const moved = { ...star, name: name('example.test.') };
  const expanded = signed(moved, key, { owner: name('*.test.') });
  const e = { ...evidence('test.', ''), rrsets: [expanded] };
  t.equal(proveNoDs(name('example.test.'), e).status, 'bogus', 'val_wcnsec_nods');
  const own = { ...e, rrsets: [signed(star, key)] };
  t.equal(proveNoDs(name('*.test.'), own).status, 'cut', 'at its own name it is right');
});

t.test('what another zone has signed is not used', async (t) => {
  const [rrset] = evidence('example.', 'b.example. NSEC www.b.example. A RRSIG NSEC\n').rrsets;
  const prove = (signer: string) =>
    proveNoData(name('b.example.'), TYPE.MX, {
      ...evidence('example.', ''),
      rrsets: [signed(rrset!, makeKey(signer, { seed: 'b' }))],
    });
  t.equal(prove('b.example.').status, 'bogus');
  t.equal(prove('EXAMPLE.').status, 'secure');
});

t.test('records that are malformed or of other types are passed over', async (t) => {
  const good = evidence('example.', RFC4035.ns1).rrsets[0]!;
  const [rdata] = good.rdatas as [Uint8Array];
  const prove = (octets: Uint8Array, type: number = TYPE.NSEC) =>
    proveNoData(name('ns1.example.'), TYPE.MX, {
      ...evidence('example.', ''),
      rrsets: [{ ...good, type, rdatas: [octets] }],
    }).status;
  t.equal(prove(rdata), 'secure');
  t.equal(prove(rdata, TYPE.TXT), 'bogus');
  for (let end = 0; end < rdata.length; end++)
    if (end !== name('ns2.example.').length) t.equal(prove(rdata.subarray(0, end)), 'bogus', `${end} octets`);
});

t.test('the wildcard that would answer must be denied, and the closer name too', async (t) => {
  const { b, apex, ns2, xyw } = RFC4035;
  t.equal(
    say(proveNameError(name('ml.example.'), evidence('example.', b))),
    'bogus: no proof that *.example. does not exist',
  );
  t.equal(
    say(proveNameError(name('ml.example.'), evidence('example.', apex))),
    'bogus: no proof that ml.example. does not exist',
  );
  t.equal(proveNameError(name('a.z.w.example.'), evidence('example.', xyw + ns2)).status, 'bogus');
  const wide = (e: Evidence) => proveWildcard(name('x.y.w.example.'), name('w.example.'), e).status;
  t.equal(wide(evidence('example.', Object.values(RFC4035).join(''))), 'bogus', 'y.w.example. exists');
  const all = evidence('example.', Object.values(RFC4035).join(''));
  const encloses = (encloser: string) => proveWildcard(name('z.w.example.'), name(encloser), all).status;
  t.equal(encloses('w.example.'), 'secure');
  for (const other of ['z.w.example.', 'a.z.w.example.', 'x.example.', 'x.w.example.', '.'])
    t.equal(encloses(other), 'bogus', `${other} does not enclose it`);
});

t.test('without any record the EDE says that NSEC is missing', async (t) => {
  const e = evidence('example.', 'example. A 192.0.2.1\n');
  const missing = { status: 'bogus', ede: EDE.NSEC_MISSING, why: 'no NSEC or NSEC3 record of example.' };
  t.same(proveNameError(name('a.example.'), e), missing);
  t.same(proveNoData(name('a.example.'), TYPE.A, e), missing);
  t.same(proveNoDs(name('a.example.'), e), missing);
  t.same(proveWildcard(name('a.example.'), name('example.'), e), missing);
});

t.test('octets of any value in labels', async (t) => {
  const text =
    'example. NSEC \\000.example. NS SOA\n\\000.example. NSEC Z.example. A\nZ.example. NSEC \\255.example. A\n';
  const e = evidence('example.', `${text}\\255.example. NSEC example. A\n`);
  t.equal(proveNameError(name('\\001.example.'), e).status, 'secure');
  t.equal(proveNameError(name('y.example.'), e).status, 'secure', 'between NUL and z');
  t.equal(proveNameError(name('z.example.'), e).status, 'bogus', 'which is Z');
  t.equal(proveNameError(name('[.example.'), e).status, 'secure', 'sorts before z, though after Z');
  t.equal(proveNameError(name('\\255\\255.example.'), e).status, 'secure');
  t.equal(proveNoData(name('\\255.example.'), TYPE.MX, e).status, 'secure');
});

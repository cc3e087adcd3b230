import t from 'tap';
import { randomCase, restoreCase } from '../../src/resolver/case.ts';
import { SeededPrng } from '../../src/util/prng.ts';
import { fold, nameEquals, nameFromText, nameToText } from '../../src/wire/name.ts';
import { rdataToText, typeFromText } from '../../src/wire/rdata/table.ts';
import { rdata } from '../wire/rdata/text.ts';

t.test('letters get a random case each, nothing else changes', async (t) => {
  const prng = new SeededPrng(1);
  const name = nameFromText('www-1.ex\\065mple.\\200\\001.test.');
  const upper = new Array<number>(name.length).fill(0);
  for (let i = 0; i < 2000; i++) {
    const sent = randomCase(name, prng);
    t.ok(nameEquals(sent, name)) || t.bailout('another name');
    sent.forEach((octet, at) => {
      if (octet !== fold(name)[at]) upper[at]!++;
    });
  }
  const text = Buffer.from(fold(name)).toString('latin1');
  upper.forEach((count, at) => {
    if (/[a-z]/.test(text[at]!))
      t.ok(count > 900 && count < 1100, `letter ${text[at]} in upper case ${count} times`);
    else t.equal(count, 0, `octet ${at} stays`);
  });
});

t.test(
  'names compressed into the question get their case back, others keep theirs (pdns#4690)',
  async (t) => {
    const plain = nameFromText('www.corp.test.');
    const sent = nameFromText('wWw.CoRp.tEsT.');
    const cases: [type: string, before: string, after: string][] = [
      ['CNAME', 'Host.CoRp.tEsT.', 'Host.corp.test.'],
      ['CNAME', 'wWw.CoRp.tEsT.', 'www.corp.test.'],
      ['CNAME', 'Elsewhere.Example.', 'Elsewhere.Example.'],
      ['CNAME', 'Host.Corp.tEsT.', 'Host.Corp.test.'],
      ['CNAME', '.', '.'],
      ['MX', '10 mX.CoRp.tEsT.', '10 mX.corp.test.'],
      ['SRV', '1 2 53 a.b.tEsT.', '1 2 53 a.b.test.'],
      ['NSEC', 'a.b.tEsT. A', 'a.b.tEsT. A'],
      ['SVCB', '1 a.b.tEsT.', '1 a.b.tEsT.'],
      ['SOA', 'Ns.CoRp.tEsT. wWw.CoRp.tEsT. 1 2 3 4 5', 'Ns.corp.test. www.corp.test. 1 2 3 4 5'],
      ['TXT', 'CoRp.tEsT.', '"CoRp.tEsT."'],
    ];
    for (const [type, before, after] of cases) {
      const code = typeFromText(type)!;
      const octets = rdata(type, before);
      restoreCase(code, octets, sent, plain);
      t.equal(rdataToText(code, octets), after, `${type} ${before}`);
    }
    t.equal(nameToText(plain), 'www.corp.test.', 'the question itself is left alone');
  },
);

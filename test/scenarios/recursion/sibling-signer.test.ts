import t from 'tap';
import { nameEquals, nameFromText } from '../../../src/wire/name.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { nsecRrset } from '../../dnssec/chains.ts';
import { Internet } from '../../support/internet.ts';
import type { Packet } from '../../support/packet.ts';
import { setRcode } from '../../support/packet.ts';
import { makeKey, signed } from '../../support/sign.ts';
import { simulate } from '../../support/simulate.ts';

const name = nameFromText;
function evilProof(signer: string, owner: string[], next: string[]): Rr[] {
  const set = signed(nsecRrset(owner, next, [1, 46, 47]), makeKey(signer, { seed: 'evil' }));
  return [
    { name: set.name, type: 47, class: 1, ttl: 300, rdata: set.rdatas[0]! },
    { name: set.name, type: 46, class: 1, ttl: 300, rdata: set.sigs![0]! },
  ];
}
const world = () => {
  const internet = new Internet({ seed: 1 });
  internet.zone('test.', { sign: {} });
  internet.zone('secure.test.', { sign: {}, text: 'www A 192.0.2.1' });
  internet.zone('plain.test.', { text: 'www A 192.0.2.2' });
  return internet;
};

t.test('DS denial by a sibling', async (t) => {
  const internet = world();
  for (const host of internet.hostsOf('test.'))
    host.options = {
      ...host.options,
      edit: (p: Packet) => {
        const q = p.question!;
        const isReferral = p.authority.some(
          (rr) => rr.type === 2 && nameEquals(rr.name, name('secure.test.')),
        );
        if (isReferral || (q.type === 43 && nameEquals(q.name, name('secure.test.')))) {
          p.answer = p.answer.filter((rr) => rr.type !== 43 && rr.type !== 46);
          p.authority = p.authority.filter((rr) => ![43, 46, 47].includes(rr.type));
          p.authority.push(...evilProof('plain.test.', ['a', 'plain', 'test'], ['b', 'plain', 'test']));
        }
        return p;
      },
    };
  for (const host of internet.hostsOf('secure.test.'))
    host.options = {
      ...host.options,
      edit: (p: Packet) => {
        p.answer = p.answer
          .filter((rr) => rr.type !== 46 && rr.type !== 48)
          .map((rr) => (rr.type === 1 ? { ...rr, rdata: Uint8Array.of(6, 6, 6, 6) } : rr));
        p.authority = p.authority.filter((rr) => ![46, 47].includes(rr.type));
        return p;
      },
    };
  const sim = simulate(internet);
  const r = await sim.ask('www.secure.test.', 'A');
  t.equal(r.rcode, 'SERVFAIL');
});

t.test('NXDOMAIN by a sibling', async (t) => {
  const internet = world();
  internet.zone('deep.plain.test.', {});
  for (const host of internet.hostsOf('secure.test.'))
    host.options = {
      ...host.options,
      edit: (p: Packet) => {
        const q = p.question!;
        if (!nameEquals(q.name, name('www.secure.test.'))) return p;
        p.answer = [];
        setRcode(p, 3);
        p.authority = p.authority.filter((rr) => ![46, 47].includes(rr.type));
        p.authority.push(...evilProof('plain.test.', ['a', 'plain', 'test'], ['b', 'plain', 'test']));
        return p;
      },
    };
  const sim = simulate(internet);
  const r = await sim.ask('www.secure.test.', 'A');
  t.equal(r.rcode, 'SERVFAIL');
});

t.test('NXDOMAIN by a sibling, from test. servers', async (t) => {
  const internet = world();
  for (const host of internet.hostsOf('test.'))
    host.options = {
      ...host.options,
      edit: (p: Packet) => {
        const q = p.question!;
        if (!nameEquals(q.name, name('www.secure.test.')) && !nameEquals(q.name, name('secure.test.')))
          return p;
        if (q.type === 43) return p;
        p.answer = [];
        setRcode(p, 3);
        p.authority = p.authority.filter((rr) => rr.type === 6);
        p.authority.push(...evilProof('plain.test.', ['a', 'plain', 'test'], ['b', 'plain', 'test']));
        return p;
      },
    };
  const sim = simulate(internet);
  const r = await sim.ask('www.secure.test.', 'A');
  t.equal(r.rcode, 'SERVFAIL');
});

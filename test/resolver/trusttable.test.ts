/** What is known of zones on the chain of trust, and when it is forgotten. */
import t from 'tap';
import type { NegativeTrustAnchor, RecursionSettings } from '../../src/resolver/settings.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { Internet } from '../support/internet.ts';
import { type SimulatedResolver, simulate } from '../support/simulate.ts';

const TEXT = Array.from({ length: 9 }, (_, i) => `w${i} 60 A 192.0.2.${i + 1}`).join('\n');

function world(): Internet {
  const internet = new Internet();
  for (const name of ['test.', 'corp.test.']) internet.zone(name, { sign: {}, text: TEXT });
  return internet;
}

/** Questions for links of the chain of trust that any server got. */
function chainQuestions(internet: Internet): number {
  const queries = [...internet.hosts].flatMap((host) => host.queries);
  return queries.filter(({ type }) => type === 'DNSKEY' || type === 'DS').length;
}

t.test('keys that were fetched for the chain are given to clients with all their signatures', async (t) => {
  const internet = new Internet();
  internet.zone('test.', { sign: {}, text: TEXT });
  // Signed by two, as while the algorithm rolls over.
  for (const host of internet.hostsOf('test.'))
    host.options = {
      edit: (packet) => {
        const sig = packet.answer.find((rr) => rr.type === TYPE.RRSIG && rr.rdata[1] === TYPE.DNSKEY);
        if (sig === undefined) return packet;
        const rdata = sig.rdata.slice();
        // Algorithm 250 is nobody's.
        rdata[2] = 250;
        return { ...packet, answer: [...packet.answer, { ...sig, rdata }] };
      },
    };
  const signatures = async (sim: SimulatedResolver): Promise<number> =>
    (await sim.ask('test.', 'DNSKEY')).message.answer.filter((rr) => rr.type === TYPE.RRSIG).length;
  const cold = simulate(internet);
  const asked = await signatures(cold);
  const warm = simulate(internet);
  t.ok((await warm.ask('w0.test.')).ad);
  const before = internet.packets;
  t.equal(await signatures(warm), asked);
  t.equal(internet.packets, before, 'out of the cache');
  t.ok(asked > 1);
});

t.test('a reload forgets what is known of zones only where it brings other anchors', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  // As a snapshot travels to a worker: the same content, and nothing of it the same object.
  const reload = (change: Partial<RecursionSettings> = {}): void =>
    sim.resolver.configure({ recursion: structuredClone({ ...sim.snapshot.recursion, ...change }) });
  reload();
  t.match(await sim.ask('w0.corp.test.'), { rcode: 'NOERROR', ad: true });
  const asked = chainQuestions(internet);
  t.ok(asked > 0);
  reload();
  t.match(await sim.ask('w1.corp.test.'), { rcode: 'NOERROR', ad: true });
  t.equal(chainQuestions(internet), asked, 'the same anchors: nothing is asked again');

  const nta: NegativeTrustAnchor = { domain: nameFromText('corp.test.'), until: undefined, reason: 'a test' };
  reload({ ntas: [nta] });
  t.match(await sim.ask('w2.corp.test.'), { rcode: 'NOERROR', ad: false }, 'another negative anchor counts');
  reload({ ntas: [nta] });
  t.match(await sim.ask('w3.corp.test.'), { rcode: 'NOERROR', ad: false });
  reload();
  t.match(await sim.ask('w4.corp.test.'), { rcode: 'NOERROR', ad: true }, 'and that it is gone');
  t.ok(chainQuestions(internet) > asked);

  const [anchor] = internet.anchors;
  const digest = anchor!.ds[0]!.slice();
  digest[digest.length - 1]! ^= 1;
  reload({ anchors: [{ ...anchor!, ds: [digest] }] });
  t.match(await sim.ask('w5.corp.test.'), { rcode: 'SERVFAIL' }, 'one octet of an anchor');
});

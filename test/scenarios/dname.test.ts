/** DNAMEs and what they make (RFC 6672), as the servers of a signed zone give them and out of the cache. */
import t from 'tap';
import { TYPE } from '../../src/wire/constants.ts';
import { Internet } from '../support/internet.ts';
import { simulate } from '../support/simulate.ts';

function world(denial: object = {}): Internet {
  const internet = new Internet();
  internet.zone('test.', { sign: {} });
  internet.zone('corp.test.', { sign: { denial }, text: 'd 3600 DNAME t\nwww.t 3600 A 192.0.2.1' });
  return internet;
}

t.test('ANY below a DNAME is as secure as the DNAME, asked for first or later', async (t) => {
  for (const denial of ['nsec', {}, { optOut: true }]) {
    const sim = simulate(world(denial as object));
    const answer = [/^d\.corp\.test\. dname t/, /^x\.d\.corp\.test\. cname x\.t/];
    t.match(await sim.ask('x.d.corp.test.', 'ANY'), { rcode: 'NOERROR', ad: true, answer });
    t.match(await sim.ask('www.d.corp.test.', 'A'), { rcode: 'NOERROR', ad: true });
    t.match(await sim.ask('x.d.corp.test.', 'ANY'), { rcode: 'NOERROR', ad: true, answer });
  }
});

t.test('a DNAME lasts as long as it says, however many names are made of it meanwhile', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  let ttl = 0;
  for (let i = 0; i < 300; i++) {
    const { message } = await sim.ask(`n${i}.d.corp.test.`);
    ttl = message.answer.find(({ type }) => type === TYPE.DNAME)!.ttl;
    await sim.pass(10);
  }
  t.ok(internet.clock.now() < 10_000);
  t.ok(ttl >= 3590, String(ttl));
});

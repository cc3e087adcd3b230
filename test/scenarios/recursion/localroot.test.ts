/** RFC 8806: whole resolutions by a copy of the root zone, and by the root's servers again when it is over. */
import t from 'tap';
import { buildLocalRoot } from '../../../src/resolver/localroot.ts';
import type { Rr } from '../../../src/wire/record.ts';
import { Internet } from '../../support/internet.ts';
import { faultIn, type SimulatedResolver, type SimulateOptions, simulate } from '../../support/simulate.ts';

const HOUR = 3_600_000;

function world(): Internet {
  const internet = new Internet({ rootServers: 2 });
  internet.zone('test.', { sign: {}, text: 'www A 192.0.2.1' });
  internet.zone('corp.test.', { sign: {}, text: 'www A 192.0.2.2' });
  internet.zone('plain.', { text: 'www A 192.0.2.3' });
  return internet;
}

/** @param ms how long the copy holds */
function withCopy(internet: Internet, ms: number, path: SimulateOptions['path'] = {}): SimulatedResolver {
  let records: readonly Rr[] = [];
  internet.root.doctor = (all) => (records = all);
  internet.root.changed();
  void internet.root.data;
  const localRoot = { image: buildLocalRoot(records), until: internet.clock.wall() + ms };
  return simulate(internet, { settings: { localRoot }, path });
}

const atRoot = (internet: Internet): number =>
  internet.hostsOf('.').reduce((sum, host) => sum + host.queries.length, 0);

const QUESTIONS = [
  ['www.test.', 'A'],
  ['www.corp.test.', 'A'],
  ['nothing.corp.test.', 'A'],
  ['www.plain.', 'A'],
  ['nothing.', 'A'],
  ['a.b.zzz.', 'A'],
  ['test.', 'DS'],
  ['plain.', 'DS'],
  ['.', 'DNSKEY'],
  ['.', 'NS'],
] as const;

t.test('no packet to the root: delegations, denials, keys, and all of it validated', async (t) => {
  const internet = world();
  const sim = withCopy(internet, 24 * HOUR);
  for (const [name, type] of QUESTIONS)
    t.equal(faultIn(await sim.ask(name, type), internet.truth(name, type)), undefined, `${name} ${type}`);
  t.equal(atRoot(internet), 0);
});

t.test('the same without the copy takes packets to the root', async (t) => {
  const internet = world();
  const sim = simulate(internet);
  for (const [name, type] of QUESTIONS)
    t.equal(faultIn(await sim.ask(name, type), internet.truth(name, type)), undefined, `${name} ${type}`);
  t.ok(atRoot(internet) > 0);
});

t.test('when the copy is over the servers are asked again', async (t) => {
  const internet = world();
  const sim = withCopy(internet, HOUR);
  t.ok((await sim.ask('www.test.')).ad);
  t.equal(atRoot(internet), 0);
  await sim.pass(2 * HOUR);
  internet.zone('late.', { sign: {}, text: 'www A 192.0.2.4' });
  const { ad, answer } = await sim.ask('www.late.');
  t.ok(ad);
  t.same(answer, ['www.late. a 192.0.2.4'], 'what the copy did not know');
  t.ok(atRoot(internet) > 0);
});

t.test('a copy that is over when the resolver starts is none', async (t) => {
  const internet = world();
  const sim = withCopy(internet, -1);
  t.ok((await sim.ask('www.corp.test.')).ad);
  t.ok(atRoot(internet) > 0);
});

t.test('a stub rule for the root has servers of its own, and the copy is not of their zone', async (t) => {
  const internet = world();
  const sim = withCopy(internet, 24 * HOUR, { hints: false });
  internet.zone('private.', { sign: {}, text: 'www A 192.0.2.5' });
  for (const name of ['www.private.', 'www.test.', 'nothing.'])
    t.equal(faultIn(await sim.ask(name), internet.truth(name, 'A')), undefined, name);
  t.ok(atRoot(internet) > 0);
});

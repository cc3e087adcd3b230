/** A rule that is validated below one that is not: what is above has no signatures to give, and is taken for unsigned. */
import t from 'tap';
import type { Path, RecursivePath } from '../../../src/resolver/path.ts';
import type { RecursionSettings } from '../../../src/resolver/settings.ts';
import type { Candidate, Snapshot } from '../../../src/view/snapshot.ts';
import { nameFromText, nameToText, ROOT } from '../../../src/wire/name.ts';
import { Internet } from '../../support/internet.ts';
import { type SimulatedResolver, simulate } from '../../support/simulate.ts';

const VALIDATED: Readonly<Record<string, boolean>> = { 'corp.test.': false, 'lab.corp.test.': true };

/** All zones are signed, and vouched for by those above. */
function world(): Internet {
  const internet = new Internet({ rootServers: 1 });
  for (const name of ['test.', 'corp.test.', 'lab.corp.test.'])
    internet.zone(name, { servers: 1, sign: {}, text: 'www A 192.0.2.1' });
  return internet;
}

/** With a stub rule for each of two zones, as the configuration `dnssec: off` and `dnssec: validate` makes them. */
function resolver(internet: Internet, settings: Partial<RecursionSettings> = {}): SimulatedResolver {
  const stubs = (snapshot: Snapshot): Snapshot => {
    let above = snapshot.paths.find(({ domain }) => domain.length === 1) as RecursivePath;
    const paths: Path[] = snapshot.paths.map((path) => {
      const zone = nameToText(path.domain);
      const validate = VALIDATED[zone];
      if (validate === undefined) return path;
      const { context, rule, domain } = path;
      const addresses = internet
        .hostsOf(zone)
        .flatMap((host) => host.addresses)
        .map((address) => ({ address, port: 53, protocol: 'do53' }) as const);
      const servers = [{ name: ROOT, addresses }];
      above = { ...above, context, rule, domain, origin: domain, hints: false, servers, validate, above };
      return above;
    });
    const asked = (candidate: Candidate): Candidate =>
      candidate.kind === 'forward' ? { ...candidate, kind: 'recursive' } : candidate;
    const views = snapshot.views.map((view) => ({
      ...view,
      groups: view.groups.map((group) => group.map(asked)),
    }));
    return { ...snapshot, paths, views };
  };
  return simulate(internet, { settings, world: { forward: Object.keys(VALIDATED) }, snapshot: stubs });
}

t.test('without an anchor of its own it is insecure, and not bogus', async (t) => {
  const sim = resolver(world());
  for (const zone of ['corp.test.', 'lab.corp.test.']) {
    t.match(await sim.ask(`www.${zone}`), { rcode: 'NOERROR', ad: false, answer: [/192\.0\.2\.1$/] }, zone);
    t.match(await sim.ask(`none.${zone}`), { rcode: 'NXDOMAIN', ad: false });
  }
  t.match(await sim.ask('www.test.'), { rcode: 'NOERROR', ad: true }, 'beside it nothing changes');
});

t.test('with one it is secure', async (t) => {
  const internet = world();
  const dnskey = internet.zoneOf('lab.corp.test.').keys.map(({ rdata }) => rdata);
  const anchors = [...internet.anchors, { zone: nameFromText('lab.corp.test.'), ds: [], dnskey }];
  const sim = resolver(internet, { anchors });
  t.match(await sim.ask('www.lab.corp.test.'), { rcode: 'NOERROR', ad: true });
  t.match(await sim.ask('none.lab.corp.test.'), { rcode: 'NXDOMAIN', ad: true });
  t.match(await sim.ask('www.corp.test.'), { rcode: 'NOERROR', ad: false });
  internet.break('lab.corp.test.', 'expired');
  t.match(await resolver(internet, { anchors }).ask('www.lab.corp.test.'), { rcode: 'SERVFAIL' });
});

import { Resolver } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { at, dig, kdig } from '../support/dig.ts';
import { missing } from '../support/servers.ts';
import { APEX, configOf } from './config.ts';

const skip = missing('dig', 'kdig');

t.test('the shipped example serves as the README says', { skip }, async (t) => {
  const example = (name: string): string =>
    readFileSync(fileURLToPath(new URL(`../../config/${name}`, import.meta.url)), 'utf8');
  const daemon = await startDaemon({
    config: example('causeway.yaml')
      .replace('state: ../state', 'state: ./state')
      .replaceAll('5353', 'PORT')
      .replace(/metrics: \S+:\d+/, 'metrics: off'),
    files: { 'zones/internal.example.zone': example('zones/internal.example.zone') },
  });
  t.teardown(() => daemon.stop());
  const reply = await dig(at(daemon), 'db.internal.example.', 'A');
  t.equal(reply.status, 'NOERROR');
  t.ok(reply.flags.includes('aa'));
  t.equal(reply.answers.length, 1);
  const tcp = await kdig(at(daemon), '+tcp', 'db.internal.example.', 'A');
  t.same(
    tcp.answers.map((rr) => rr.rdata),
    reply.answers.map((rr) => rr.rdata),
  );
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${daemon.port}`]);
  t.same(
    await resolver.resolve4('db.internal.example'),
    reply.answers.map((rr) => rr.rdata),
  );
  const six = await dig(['@::1', '-p', String(daemon.port)], 'db.internal.example.', 'A');
  t.same(
    six.answers.map((rr) => rr.rdata),
    reply.answers.map((rr) => rr.rdata),
  );
});

t.test('split horizon by source address', { skip }, async (t) => {
  const daemon = await startDaemon({
    config: configOf({
      vpcs: [
        '{ id: vpc-a, region: eu-central-1, cidrs: [127.0.1.0/24] }',
        '{ id: vpc-b, region: eu-central-1, cidrs: [127.0.2.0/24] }',
      ],
      zones: [
        '{ name: corp.example., file: a.zone, vpcs: [vpc-a] }',
        '{ name: corp.example., file: b.zone, vpcs: [vpc-b] }',
      ],
    }),
    files: { 'a.zone': `${APEX}www A 10.1.0.1\nonly-a A 10.1.0.2\n`, 'b.zone': `${APEX}www A 10.2.0.1\n` },
  });
  t.teardown(() => daemon.stop());
  const from = async (source: string, name: string) => {
    const reply = await dig(at(daemon), '-b', source, name, 'A', '+subnet=127.0.2.0/24');
    return `${reply.status} ${reply.answers.map((rr) => rr.rdata).join(',')}`;
  };
  for (let i = 0; i < 4; i++) {
    t.equal(await from('127.0.1.7', 'www.corp.example.'), 'NOERROR 10.1.0.1');
    t.equal(await from('127.0.2.7', 'www.corp.example.'), 'NOERROR 10.2.0.1');
    t.equal(await from('127.0.1.7', 'only-a.corp.example.'), 'NOERROR 10.1.0.2');
    t.equal(await from('127.0.2.7', 'only-a.corp.example.'), 'NXDOMAIN ');
  }
  const stranger = await dig(at(daemon), '-b', '127.0.3.7', 'www.corp.example.', 'A');
  t.equal(stranger.status, 'REFUSED');
  t.equal(stranger.ede[0]?.code, 18);
});

t.test('autodefined and special-use names', { skip }, async (t) => {
  const daemon = await startDaemon({ config: configOf({}) });
  t.teardown(() => daemon.stop());
  const cases: [string, string, string, string][] = [
    ['localhost.', 'A', 'NOERROR', '127.0.0.1'],
    ['x.localhost.', 'AAAA', 'NOERROR', '::1'],
    ['1.0.0.127.in-addr.arpa.', 'PTR', 'NOERROR', 'localhost.'],
    ['9.9.9.10.in-addr.arpa.', 'PTR', 'NXDOMAIN', ''],
    ['1.2.0.192.in-addr.arpa.', 'PTR', 'NXDOMAIN', ''],
    ['x.home.arpa.', 'A', 'NXDOMAIN', ''],
    ['x.invalid.', 'A', 'NXDOMAIN', ''],
    ['x.onion.', 'A', 'NXDOMAIN', ''],
    ['x.alt.', 'A', 'NXDOMAIN', ''],
    ['_dns.resolver.arpa.', 'SVCB', 'NOERROR', ''],
  ];
  for (const [name, type, status, rdata] of cases) {
    const reply = await dig(at(daemon), name, type);
    t.equal(reply.status, status, `${name} ${type}`);
    if (rdata !== '') t.equal(reply.answers[0]?.rdata, rdata, `${name} ${type}`);
    else t.equal(reply.answers.length, 0, `${name} ${type}`);
  }
});

t.test(
  'outside the access list: silence, or REFUSED by UDP and TCP where the endpoint says so',
  { skip },
  async (t) => {
    const inbound = (outside: string): string =>
      `{ id: in-1, listen: ["127.0.0.1:PORT"], vpc: by-source, allow: [127.0.9.0/24], outside: ${outside} }`;
    const silent = await startDaemon({ config: configOf({ inbound: inbound('drop') }) });
    t.teardown(() => silent.stop());
    t.equal((await dig(at(silent), '+time=1', 'localhost.', 'A')).status, 'NOREPLY');
    t.equal((await dig(at(silent), '+time=1', '+tcp', 'localhost.', 'A')).status, 'NOREPLY');
    t.equal((await dig(at(silent), '-b', '127.0.9.1', 'localhost.', 'A')).status, 'NOERROR');
    const polite = await startDaemon({ config: configOf({ inbound: inbound('refuse') }) });
    t.teardown(() => polite.stop());
    t.equal((await dig(at(polite), 'localhost.', 'A')).status, 'REFUSED');
    t.equal((await dig(at(polite), '+tcp', 'localhost.', 'A')).status, 'REFUSED');
  },
);

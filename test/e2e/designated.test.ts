/** Discovery of encrypted resolvers (RFC 9462) by dig and kdig, at endpoints of one VPC that differ in what they speak. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { certificate } from '../support/certificate.ts';
import { startDaemon } from '../support/daemon.ts';
import { at, dig, kdig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import { configOf, forwardRule } from './config.ts';

const skip = missing('openssl', 'dig', 'kdig');
// dig of Debian 12 knows dohpath by its number.
const DOHPATH = 'key7="/dns-query{?dns}"';
const NAME = '_dns.resolver.arpa.';

t.test('what an endpoint speaks encrypted', { skip, timeout: 90_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { certFile, keyFile } = certificate(folder, 'dns', { names: 'DNS:dns.example,IP:127.0.0.1' });
  const [plain, dot, doh] = [await freePort(), await freePort(), await freePort()];
  const tls = `tls: { certificate: "${certFile}", key: "${keyFile}" }`;
  const config = (protocols: string) =>
    configOf({
      // Nobody is there: what is forwarded fails.
      rules: [forwardRule('resolver.arpa.', [{ address: '127.0.0.1', port: 1 }])],
      inbound: `{ id: in-1, listen: ["127.0.0.1:PORT"], ${protocols}, allow: [127.0.0.0/8] }
    - { id: in-2, listen: ["127.0.0.1:${plain}"], allow: [127.0.0.0/8] }`,
    });
  const both = `protocols: [do53, dot, doh], dot: ["127.0.0.1:${dot}"], doh: ["127.0.0.1:${doh}"], ${tls}`;
  const daemon = await startDaemon({ config: config(both) });
  t.teardown(() => daemon.stop());
  const inTwo = { address: '127.0.0.1', port: plain };
  const records = [
    `1 dns.example. alpn="dot" port=${dot} ipv4hint=127.0.0.1`,
    `2 dns.example. alpn="h2,http/1.1" port=${doh} ipv4hint=127.0.0.1 ${DOHPATH}`,
  ];

  await t.test('SVCB is answered by each endpoint for itself, again and again', async (t) => {
    for (let i = 0; i < 3; i++) {
      const { status, answers, additional, flags } = await dig(at(daemon), NAME, 'SVCB');
      t.equal(status, 'NOERROR');
      t.same(answers.map(({ rdata }) => rdata).sort(), records);
      t.same(
        additional.map(({ name, rdata }) => `${name} ${rdata}`),
        ['dns.example. 127.0.0.1'],
      );
      t.notOk(flags.includes('ad'));
      const none = await dig(at(inTwo), NAME, 'SVCB');
      t.equal(none.status, 'NOERROR');
      t.equal(none.answers.length, 0, 'one that speaks nothing of the kind');
      t.equal(none.authority[0]?.type, 'SOA');
    }
    const byTls = await kdig(at({ address: '127.0.0.1', port: dot }), '+tls', NAME, 'SVCB');
    t.equal(byTls.answers.length, 2, byTls.output);
  });

  await t.test('other types and names are denied, and nobody else is asked', async (t) => {
    for (const [name, type] of [
      [NAME, 'A'],
      [NAME, 'HTTPS'],
      ['resolver.arpa.', 'SVCB'],
      ['a.resolver.arpa.', 'A'],
    ] as const)
      for (const server of [daemon, inTwo]) {
        const { status, answers, output } = await dig(at(server), name, type);
        t.equal(status, 'NOERROR', output);
        t.equal(answers.length, 0);
      }
  });

  await t.test('a reload changes what is told', async (t) => {
    daemon.configure(config(`protocols: [do53, dot], dot: ["127.0.0.1:${dot}"], ${tls}`));
    t.equal((await daemon.cli('reload')).code, 0);
    const { answers } = await dig(at(daemon), NAME, 'SVCB');
    t.same(
      answers.map(({ rdata }) => rdata),
      records.slice(0, 1),
    );
    daemon.configure(config('protocols: [do53]'));
    t.equal((await daemon.cli('reload')).code, 0);
    t.equal((await dig(at(daemon), NAME, 'SVCB')).answers.length, 0);
  });
});

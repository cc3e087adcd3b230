/** A node that speaks TLS and was given no certificate: what clients need to believe it, over restarts and reloads. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runCli, startDaemon } from '../support/daemon.ts';
import { at, dig, kdig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missing } from '../support/servers.ts';
import { configOf } from './config.ts';

const skip = missing('kdig', 'dig');
const ZONE =
  '$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.254\nwww A 192.0.2.1\n';

t.test('a certificate is made at the first start, and kept', { skip }, async (t) => {
  const [dot, doh] = [await freePort(), await freePort()];
  const config = (state: string, protocols = '[do53, dot, doh]') =>
    configOf({
      zones: ['{ name: corp.test., file: zones/corp, vpcs: [vpc-test] }'],
      inbound: `{ id: in-1, listen: ["127.0.0.1:PORT"], protocols: ${protocols}${
        protocols === '[do53]' ? '' : `, dot: ["127.0.0.1:${dot}"], doh: ["127.0.0.2:${doh}"]`
      } }`,
    }).replace('./state', state);
  const files = { 'zones/corp': ZONE };
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const state = join(folder, 'state');

  await t.test('checking makes none', async (t) => {
    const file = join(folder, 'causeway.yaml');
    writeFileSync(file, config('./state').replace('zones/corp', 'zone').replaceAll('PORT', '5399'));
    writeFileSync(join(folder, 'zone'), ZONE);
    const { code, stdout, stderr } = await runCli(['check', file]);
    t.equal(code, 0, stdout + stderr);
    t.match(
      stdout + stderr,
      /protocols\[1\]: DNS over TLS without a certificate: the daemon makes a self-signed/,
    );
    t.notOk(existsSync(state));
  });

  const plain = await startDaemon({ config: config(state, '[do53]'), files });
  t.equal((await dig(at(plain), 'www.corp.test.')).status, 'NOERROR');
  t.notOk(existsSync(join(state, 'self-signed.pem')), 'plain DNS takes none');
  plain.configure(config(state));
  t.equal((await plain.cli('reload')).code, 0, 'reload');
  const file = join(state, 'self-signed.pem');
  t.equal(statSync(file).mode & 0o777, 0o600);
  const warnings = (log: string) =>
    log.split('\n').filter((line) => /self-signed certificate, which/.test(line));
  t.equal(warnings(plain.log()).length, 1, 'told loudly');
  const pin = /[A-Za-z0-9+/]{43}=/.exec(warnings(plain.log())[0]!)![0];
  await plain.stop();

  const daemon = await startDaemon({ config: config(state), files });
  t.teardown(() => daemon.stop());
  t.match(warnings(daemon.log()).join(), pin, 'at each start, and it is the same');
  const shown = (await daemon.cli('status')).stdout.split('\n');
  t.match(
    shown.find((line) => line.includes(pin)),
    /^in-1 +20\S+Z +itself .*DNS:e2e, IP Address:127\.0\.0\.1, IP Addr/,
  );
  const ca = join(folder, 'ca.crt');
  writeFileSync(ca, readFileSync(file, 'utf8').replace(/^[\s\S]*(?=-----BEGIN CERTIFICATE)/, ''));

  const ask = (server: string, port: number, ...args: string[]) =>
    kdig(`@${server}`, '-p', String(port), ...args, 'www.corp.test.', 'A');
  for (const believed of [[`+tls-pin=${pin}`], [`+tls-ca=${ca}`, '+tls-hostname=e2e'], [`+tls-ca=${ca}`]])
    for (const [server, port, how] of [
      ['127.0.0.1', dot, '+tls'],
      ['127.0.0.2', doh, '+https'],
    ] as const) {
      const reply = await ask(server, port, how, ...believed);
      t.equal(reply.status, 'NOERROR', `${how} ${believed} ${reply.output}`);
    }
  const wrong = pin.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
  t.equal((await ask('127.0.0.1', dot, '+tls', `+tls-pin=${wrong}`)).status, 'NOREPLY');
  t.equal(
    (await ask('127.0.0.1', dot, '+tls-ca', '+tls-hostname=e2e')).status,
    'NOREPLY',
    'others trust it not',
  );

  const other = await freePort();
  daemon.configure(config(state).replace(/dot: \["127.0.0.1:\d+"\]/, `dot: ["127.0.0.3:${other}"]`));
  t.equal((await daemon.cli('reload')).code, 0, 'reload');
  t.equal((await ask('127.0.0.3', other, '+tls', `+tls-pin=${pin}`)).status, 'NOERROR', 'the pin stays');
  const now = readFileSync(file, 'utf8').replace(/^[\s\S]*(?=-----BEGIN CERTIFICATE)/, '');
  t.not(now, readFileSync(ca, 'utf8'));
  writeFileSync(ca, now);
  t.equal((await ask('127.0.0.3', other, `+tls-ca=${ca}`)).status, 'NOERROR', 'for the address that is new');
  t.notMatch(daemon.log(), now.split('\n')[1]!);
  t.notMatch(daemon.log(), /PRIVATE KEY/);
});

/** Workers for TLS beside the others: made when an endpoint first speaks it, and whatever is asked there is theirs. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { CacheReport, StatusReport } from '../../src/view/report.ts';
import { certificate } from '../support/certificate.ts';
import { startDaemon } from '../support/daemon.ts';
import { at, dig, kdig } from '../support/dig.ts';
import { freePort } from '../support/ports.ts';
import { missing, startNsd } from '../support/servers.ts';
import { reply, until } from '../support/sockets.ts';
import { APEX, configOf, forwardRule } from './config.ts';

const skip = missing('nsd', 'openssl', 'kdig', 'dig');
const PRIVATE = `${APEX}www A 192.0.2.1\n`;
const CORP = `${APEX}www A 192.0.2.2\n`;

t.test('workers for TLS', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const { certFile, keyFile } = certificate(folder, 'dns', { names: 'IP:127.0.0.1' });
  const nsd = await startNsd({ zones: { 'corp.test.': CORP } });
  t.teardown(() => nsd.stop());
  const dot = await freePort();
  const config = (inbound: string): string =>
    configOf({
      zones: ['{ name: private.test., file: private, vpcs: [vpc-test] }'],
      rules: [forwardRule('corp.test.', [nsd])],
      inbound: `{ id: in-1, listen: ["127.0.0.1:PORT"], vpc: by-source, allow: [127.0.0.0/8]${inbound} }`,
    });
  const withTls = (port: number): string =>
    config(
      `, protocols: [do53, dot], dot: ["127.0.0.1:${port}"], tls: { certificate: "${certFile}", key: "${keyFile}" }`,
    );
  const daemon = await startDaemon({ config: config(''), files: { private: PRIVATE } });
  t.teardown(() => daemon.stop());
  const told = async <Report>(...command: string[]): Promise<Report> =>
    JSON.parse((await daemon.cli(...command, '--json')).stdout) as Report;
  const duties = async () =>
    (await told<StatusReport>('status')).workers.map(({ duty, state }) => `${duty} ${state}`);
  const byTls = (name: string) => kdig('@127.0.0.1', '-p', String(dot), '+tls', name, 'A');

  await t.test('none where nothing speaks it', async (t) => {
    t.same(await duties(), ['plain serving', 'plain serving']);
  });

  await t.test('a reload brings them, and they have what is asked by TLS to themselves', async (t) => {
    daemon.configure(withTls(dot));
    const { code, stderr } = await daemon.cli('reload');
    t.equal(code, 0, stderr);
    t.same(
      await duties(),
      ['plain serving', 'plain serving', 'encrypted serving', 'encrypted serving'],
      'who says that it is done has waited for them',
    );
    for (const name of ['www.private.test.', 'www.corp.test.'])
      for (const _ of ['a miss', 'a hit']) t.equal((await byTls(name)).status, 'NOERROR', name);
    const { workers } = await told<CacheReport>('cache', 'stats');
    const answers = workers.map(({ answers }) => answers.inserts);
    t.same(answers.slice(0, 2), [0, 0], 'who is asked in plain text has nothing of it');
    t.ok(answers[2]! + answers[3]! >= 2);
    const records = workers.map(({ records }) => records.entries);
    t.ok(records[0]! + records[1]! > 0, 'what had to be forwarded is the others: they own the question');
    t.same(records.slice(2), [0, 0]);
  });

  await t.test('and in plain text all is as before', async (t) => {
    const before = (await told<CacheReport>('cache', 'stats')).workers.slice(2);
    for (const name of ['www.private.test.', 'www.corp.test.'])
      t.equal((await dig(at(daemon), name, 'A')).status, 'NOERROR');
    const { workers } = await told<CacheReport>('cache', 'stats');
    t.ok(workers[0]!.answers.inserts + workers[1]!.answers.inserts >= 2);
    t.same(workers.slice(2), before);
  });

  await t.test('what is flushed is flushed in all', async (t) => {
    const { code, stdout } = await daemon.cli('cache', 'flush', 'corp.test.', '--subtree');
    t.equal(code, 0, stdout);
    const { workers } = await told<CacheReport>('cache', 'stats');
    t.same(
      workers.map(({ records }) => records.entries),
      [0, 0, 0, 0],
    );
  });

  await t.test(
    'at the end, what was asked by TLS is answered with what is under way elsewhere',
    async (t) => {
      const slow = createSocket('udp4');
      let asked = 0;
      slow.on('message', (query, { port, address }) => {
        // Later than the daemon is told to end, and before a third one would be sent.
        if (++asked === 1) setTimeout(() => slow.send(reply(query), port, address), 900);
      });
      slow.bind(0, '127.0.0.1');
      await once(slow, 'listening');
      t.teardown(() => void slow.close());
      const port = await freePort();
      const ending = await startDaemon({
        config: withTls(port)
          .replace('workers: 2', 'workers: 1')
          .replace(`127.0.0.1:${nsd.port}`, `127.0.0.1:${slow.address().port}`),
        files: { private: PRIVATE },
      });
      t.teardown(() => ending.stop());
      const answer = kdig('@127.0.0.1', '-p', String(port), '+tls', '+retry=0', 'late.corp.test.', 'A');
      await until(() => asked > 0, 'the question upstream');
      // It asks a silent server a second time.
      await until(() => asked > 1, 'and again');
      ending.kill('SIGTERM');
      const before = asked;
      t.equal((await answer).status, 'NOERROR');
      t.equal(asked, before, 'nobody began anew');
      t.equal(await ending.stop(), 0);
    },
  );

  await t.test('memory of caches is no more than configured from the next start on', async (t) => {
    const again = await startDaemon({ config: withTls(await freePort()), files: { private: PRIVATE } });
    t.teardown(() => again.stop());
    const { stdout } = await again.cli('status', '--json');
    const { caches, workers } = JSON.parse(stdout) as StatusReport;
    t.equal(workers.length, 4);
    const octets = caches.answers.bytesBudget + caches.records.bytesBudget;
    t.ok(octets <= 32 * 2 ** 20, `${octets}`);
    t.ok(octets > 31 * 2 ** 20, `${octets}`);
  });
});

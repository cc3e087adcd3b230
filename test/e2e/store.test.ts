/** The store of a real daemon: what operators do with it, and that queries are answered without it. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { missing } from '../support/servers.ts';
import { APEX, configOf } from './config.ts';

const skip = missing('dig');
const config = configOf({ zones: ['{ name: internal.test., file: internal.zone, vpcs: [vpc-test] }'] });
const files = { 'internal.zone': `${APEX}www A 10.0.0.1\n` };

t.test('a daemon has its store, and nobody else does meanwhile', { skip }, async (t) => {
  const daemon = await startDaemon({ config, files });
  t.teardown(() => daemon.stop());
  const state = join(daemon.folder, 'state');
  t.equal(statSync(join(state, 'store.db')).mode & 0o777, 0o600);
  t.match(await daemon.cli('audit'), { code: 0, stdout: 'no change\n' });
  const backup = join(state, 'backup.db');
  t.match(await daemon.cli('backup', backup), { code: 0, stdout: /revision 0/ });
  t.ok(existsSync(backup));
  t.match(await daemon.cli('backup', backup), { code: 1, stderr: /exists; name a file that does not/ });
  t.match(await daemon.cli('restore', backup), { code: 1, stderr: /another process has the store/ });
  daemon.kill('SIGHUP');
  t.match(await daemon.cli('audit'), { code: 0 }, 'a reload leaves it open');
});

t.test('a damaged store: it is said, and queries are answered', { skip }, async (t) => {
  const noise = 'noise '.repeat(10_000);
  const daemon = await startDaemon({ config, files: { ...files, 'state/store.db': noise } });
  t.teardown(() => daemon.stop());
  const reply = await dig(at(daemon), 'www.internal.test', 'A');
  t.equal(reply.answers[0]?.rdata, '10.0.0.1');
  t.match(await daemon.cli('audit'), { code: 1, stderr: /store\.db.*(damaged|not a store)/ });
  t.match(daemon.log(), /the store cannot be opened/);
});

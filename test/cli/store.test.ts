/** The audit trail, backups and restoring, by a running daemon and by the files of one that is stopped. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { HttpFault } from '../../src/control/http.ts';
import { STORE_NAME } from '../../src/control/store/open.ts';
import { change, folderOf, origin, put, storeIn } from '../control/store/support.ts';
import { cli } from '../support/cli.ts';
import { auditReport, startFakeDaemon } from '../support/fake-daemon.ts';

t.test('the audit trail of a daemon', async (t) => {
  const wishes: object[] = [];
  const store = {
    audit: (wish: object) => {
      wishes.push(wish);
      return auditReport;
    },
    backup: async () => {
      throw new HttpFault(507, 'no space', 'free some');
    },
  };
  const daemon = await startFakeDaemon({ daemon: { store } });
  t.teardown(() => daemon.close());
  const socket = ['--socket', daemon.socket.path];
  t.same(await cli(['audit', ...socket]), {
    code: 0,
    out: [
      'REVISION  AT                        ACCOUNT       ACCESS KEY   FROM            OPERATION                 ITEMS  WHAT',
      '      11  2026-01-02T03:04:05.000Z  000000000000  AKIAEXAMPLE  192.0.2.1       ChangeResourceRecordSets      2  internal.example.: 2 upserted',
      '      12  2026-01-02T04:04:05.000Z  000000000000  -            control socket  CreateHostedZone              3  new.example.\\u{1b}[31m',
      '',
    ].join('\n'),
    err: 'only the newest 2 are shown; --limit shows more\n',
  });
  const { out } = await cli(['audit', '--json', '--since', '2h', '--access-key', 'A&B', ...socket]);
  t.same(JSON.parse(out), auditReport);
  t.match(wishes[1], { since: '2h', accessKey: 'A&B' });
  t.match(await cli(['audit', 'now', ...socket]), { code: 2, err: /takes options only/ });
  t.match(await cli(['backup', 'x', ...socket]), { code: 1, err: 'causeway: no space; free some\n' });
  t.match(await cli(['backup', ...socket]), { code: 2, err: /name one new file/ });
});

t.test('a backup is written by the daemon, where the command is', async (t) => {
  const daemon = await startFakeDaemon({});
  t.teardown(() => daemon.close());
  const { out } = await cli(['backup', 'x.db', '--socket', daemon.socket.path], { cwd: '/somewhere' });
  t.equal(out, '/somewhere/x.db: revision 12, 44.0 kB\n');
});

/** A configuration whose daemon is stopped, with three changes in its store. */
async function stopped(t: Test): Promise<{ folder: string; config: string[] }> {
  const folder = folderOf(t);
  const config = join(folder, 'causeway.yaml');
  writeFileSync(config, 'node: { name: edge-1, region: eu-central-1, state: ./state }\n');
  const store = storeIn(t, join(folder, 'state'));
  for (const id of ['1', '2', '3'])
    await store.apply({ ...change(put('a', id)), origin: { ...origin, operation: `Op${id}` } });
  await store.close();
  return { folder, config: ['--config', config] };
}

t.test('without a daemon: the trail, a backup, restoring it', async (t) => {
  const { folder, config } = await stopped(t);
  const audit = async (...options: string[]): Promise<number[]> => {
    const { code, out } = await cli(['audit', '--json', ...options, ...config]);
    t.equal(code, 0);
    return (JSON.parse(out) as typeof auditReport).changes.map(({ revision }) => revision);
  };
  t.same(await audit(), [1, 2, 3]);
  t.same(await audit('--limit', '2'), [2, 3]);
  t.same(await audit('--operation', 'Op2', '--since', '1h'), [2]);
  t.same(await audit('--since', '2020-01-01', '--account', '999999999999'), []);
  t.equal((await cli(['audit', '--account', '9', ...config])).out, 'no change\n');
  t.match(await cli(['audit', '--since', 'monday', ...config]), {
    code: 1,
    err: /since is "monday"; write a time in UTC such as/,
  });
  t.match(await cli(['audit', '--limit', '0', ...config]), { code: 1, err: /limit is "0"; write a number/ });
  const backup = join(folder, 'monday.db');
  t.match(await cli(['backup', 'monday.db', ...config], { cwd: folder }), { code: 0, out: /revision 3, / });
  t.equal(statSync(backup).mode & 0o777, 0o600);
  t.match(await cli(['backup', backup, ...config]), { code: 1, err: /exists; name a file that does not/ });
  const store = storeIn(t, join(folder, 'state'));
  await store.apply(change(put('a', '4')));
  t.match(await cli(['restore', backup, ...config]), { code: 1, err: /another process has the store/ });
  await store.close();
  const restored = await cli(['restore', backup, ...config]);
  t.equal(restored.code, 0);
  const [, aside] = /what was there: (.*)\n/.exec(restored.out)!;
  t.ok(existsSync(aside!));
  t.same(await audit(), [1, 2, 3]);
  t.match(JSON.parse((await cli(['restore', '--json', aside!, ...config])).out), { revision: 4 });
  t.same(await audit(), [1, 2, 3, 4]);
});

t.test('neither a daemon nor a store; a damaged one', async (t) => {
  const { folder, config } = await stopped(t);
  const none = ['--socket', join(folder, 'control.sock')];
  t.match(await cli(['audit', ...none]), { code: 1, err: /no daemon answers at/ });
  t.notOk(existsSync(join(folder, STORE_NAME)), 'nothing is made by looking');
  writeFileSync(join(folder, 'state', STORE_NAME), 'noise '.repeat(1_000));
  t.match(await cli(['audit', ...config]), { code: 1, err: /store\.db.*(damaged|not a store)/ });
  t.match(await cli(['restore', 'missing', ...config]), { code: 1, err: /ENOENT/ });
  t.match(await cli(['restore', ...config]), { code: 2, err: /name one backup/ });
});

/** Access keys, made by the daemon or without one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { AccessKey, ShownKey } from '../../src/control/api/keys.ts';
import { cli } from '../support/cli.ts';
import { startFakeDaemon } from '../support/fake-daemon.ts';

/** `create`, `list` and `delete` with options that name a daemon, or a configuration without one. */
async function flow(t: Test, ...where: string[]): Promise<void> {
  const run = async (...args: string[]) => cli(['keys', ...args, ...where]);
  t.match(await run('list'), { code: 0, out: 'no access key\n' });
  const made = await run('create', '--scope', 'admin', '--json');
  const key = JSON.parse(made.out) as AccessKey;
  t.match(key, { accessKeyId: /^CWAK/, secretAccessKey: /^.{40}$/, account: '000000000000', scope: 'admin' });
  const second = await run(
    'create',
    '--scope',
    'zones',
    '--zone',
    'Z1',
    '--zone',
    'Z2',
    '--account',
    '111122223333',
  );
  t.match(second.out, /^AWS_ACCESS_KEY_ID=CWAK[A-Z2-7]{16}\nAWS_SECRET_ACCESS_KEY=\S{40}\n$/);
  const { keys } = JSON.parse((await run('list', '--json')).out) as { keys: ShownKey[] };
  t.match(keys, [{ scope: 'admin' }, { scope: 'zones', zones: ['Z1', 'Z2'], account: '111122223333' }]);
  t.notOk(keys.some((each) => 'secretAccessKey' in each));
  t.match(
    (await run('list')).out,
    /^ACCESS KEY +ACCOUNT +SCOPE +CREATED\nCWAK.* 000000000000 +admin .*\n.* Z1, Z2 /,
  );
  t.match(await run('delete', key.accessKeyId), { code: 0, out: `${key.accessKeyId} is deleted\n` });
  t.match(await run('delete', key.accessKeyId), {
    code: 1,
    err: /no access key "CWAK.*"; see `causeway keys list`/,
  });
  t.match(await run('create', '--scope', 'read', '--account', '999999999999'), {
    code: 1,
    err: /no account 999999999999; known are 000000000000, 111122223333/,
  });
  t.match(await run('create', '--scope', 'root'), { code: 1, err: /scope: / });
  t.match(await run('create', '--scope', 'zones'), { code: 1, err: /zones: scope zones goes with ids/ });
  t.match(await run('create', '--scope', 'admin', '--zone', 'Z1'), { code: 1, err: /zones: / });
  t.match(await run('create', '--scope', 'zones', '--zone', 'z/1'), { code: 1, err: /zones\.0: / });
}

t.test('of a daemon', async (t) => {
  const daemon = await startFakeDaemon({});
  await flow(t, '--socket', daemon.socket.path);
  await daemon.close();
});

t.test('without a daemon', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'causeway.yaml');
  writeFileSync(config, 'accounts: [{ id: "000000000000" }, { id: "111122223333" }]\nnode: { state: . }\n');
  await flow(t, '--config', config);
  writeFileSync(config, 'accounts: 1\n');
  t.match(await cli(['keys', 'list', '--config', config]), { code: 1, err: /causeway\.yaml:1:11: accounts/ });
  t.match(await cli(['keys', 'list', '--socket', join(folder, 'none')]), {
    code: 1,
    err: /no daemon answers/,
  });
});

t.test('wrong words', async (t) => {
  for (const args of [[], ['make'], ['delete'], ['list', 'x'], ['create'], ['delete', 'a', 'b']])
    t.equal((await cli(['keys', ...args])).code, 2, args.join(' '));
});

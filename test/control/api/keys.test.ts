/** Access keys in their file, and what comes of a file that somebody else wrote. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { KEYS_NAME, Keys, KeysError } from '../../../src/control/api/keys.ts';
import { systemClock } from '../../../src/util/clock.ts';
import { cryptoPrng } from '../../../src/util/prng.ts';
import { accessKey } from '../../support/api.ts';

const ACCOUNT = '000000000000';
const admin = { scope: 'admin', zones: [] } as const;

function opened(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const logged: object[] = [];
  const open = () =>
    new Keys({
      folder,
      clock: systemClock,
      prng: cryptoPrng,
      log: { error: (fields) => void logged.push(fields) },
    });
  return { open, path: join(folder, KEYS_NAME), logged };
}

t.test('made, found, listed without secrets, deleted; at once in another process too', async (t) => {
  const { open, path } = opened(t);
  const [one, other] = [open(), open()];
  t.same(one.list(), []);
  const key = one.create({ ...admin, zones: [] }, ACCOUNT);
  t.match(key, {
    accessKeyId: /^CWAK[A-Z2-7]{16}$/,
    secretAccessKey: /^[A-Za-z0-9+/]{40}$/,
    account: ACCOUNT,
  });
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.same(other.find(key.accessKeyId), key);
  const zones = other.create({ scope: 'zones', zones: ['Z1'] }, '111122223333');
  t.same(one.find(zones.accessKeyId), zones);
  t.same(
    one.list().map(({ accessKeyId }) => accessKeyId),
    [key.accessKeyId, zones.accessKeyId],
  );
  t.notOk(JSON.stringify(one.list()).includes(key.secretAccessKey));
  t.equal(one.delete(key.accessKeyId), true);
  t.equal(one.delete(key.accessKeyId), false);
  t.equal(other.find(key.accessKeyId), undefined);
  rmSync(path);
  t.equal(one.find(zones.accessKeyId), undefined, 'without the file there are no keys');
});

t.test('a file that is not right changes nothing, and is not written over', async (t) => {
  const { open, path, logged } = opened(t);
  const keys = open();
  const key = keys.create({ ...admin, zones: [] }, ACCOUNT);
  const right = readFileSync(path, 'utf8');
  const file = (over: object) => JSON.stringify({ version: 1, keys: [{ ...accessKey(), ...over }] });
  const hostile: Record<string, string> = {
    empty: '',
    cut: right.slice(0, -10),
    'another version': right.replace('"version": 1', '"version": 2'),
    'no account': file({ account: '1' }),
    'scope that there is not': file({ scope: 'root' }),
    'more than a key': file({ colour: 'red' }),
    'short secret': file({ secretAccessKey: 'topsecret' }),
    'no object': '[]',
    'too large': ' '.repeat(1024 * 1024 + 1),
    prototype: '{"version":1,"keys":[],"__proto__":{"x":1}}',
  };
  for (const [what, text] of Object.entries(hostile)) {
    const faults = logged.length;
    writeFileSync(path, text, { mode: 0o600 });
    t.same(keys.find(key.accessKeyId), key, `${what}: the old key holds`);
    t.same(keys.find(key.accessKeyId), key);
    t.equal(logged.length, faults + 1, `${what}: told once`);
    t.throws(() => keys.create({ ...admin, zones: [] }, ACCOUNT), KeysError);
    t.throws(() => keys.list(), KeysError);
    t.equal(readFileSync(path, 'utf8'), text);
  }
  t.notMatch(JSON.stringify(logged), /topsecret/);
  writeFileSync(path, right);
  chmodSync(path, 0o640);
  t.same(keys.find(key.accessKeyId), key);
  t.throws(() => keys.list(), /others may read it; chmod 600/);
  chmodSync(path, 0o600);
  t.equal(keys.list().length, 1, 'and it goes on when the file is right again');
});

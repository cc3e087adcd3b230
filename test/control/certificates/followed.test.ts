/** Files of certificates that are replaced while they are in use: in which order, by which means, and by what. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FollowedCertificates } from '../../../src/control/certificates/followed.ts';
import { loadConfig } from '../../../src/control/config/load.ts';
import { LOOK_MS } from '../../../src/control/follow.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { type Certificate, certificate } from '../../support/certificate.ts';
import { missing } from '../../support/servers.ts';

const skip = missing('openssl');

/** A configuration whose endpoint and API have `dns.crt` and `dns.key`, at first the certificate `old`; `next` is another. */
function start(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [old, next] = ['old', 'next'].map((name) => certificate(folder, name)) as [Certificate, Certificate];
  const put = (name: string, text: string | Buffer): void => {
    writeFileSync(join(folder, 'new'), text, { mode: 0o600 });
    renameSync(join(folder, 'new'), join(folder, name));
  };
  put('dns.crt', old.cert);
  put('dns.key', old.key);
  const file = join(folder, 'causeway.yaml');
  const tls = 'tls: { certificate: dns.crt, key: dns.key }';
  writeFileSync(
    file,
    `api: { listen: "127.0.0.1:8053", ${tls} }\nendpoints: { inbound: [{ id: in-1, listen: [127.0.0.1], protocols: [dot], ${tls} }] }\n`,
  );
  const clock = new ManualClock(Date.now());
  const logged: string[] = [];
  let changes = 0;
  const followed = new FollowedCertificates({
    clock,
    log: createLogger({ thread: 'control', format: 'json', write: (line) => logged.push(line) }),
    changed: () => changes++,
  });
  t.teardown(() => followed.close());
  const load = () => loadConfig(file).config!;
  return {
    folder,
    old,
    next,
    put,
    logged,
    followed,
    load,
    looks: (count: number) => clock.advance(count * LOOK_MS),
    changes: () => changes,
    /** Which is in force for the configuration `config`, if it is the same for both. */
    shown(config = load()) {
      const { apiCredentials, endpoints } = followed.applied(config);
      const [api, endpoint] = [apiCredentials?.cert, endpoints.inbound[0]?.credentials?.cert];
      if (api !== endpoint) return 'not the same';
      return api === String(old.cert) ? 'old' : api === String(next.cert) ? 'next' : 'another';
    },
  };
}

t.test('one after the other, the second when the first has long been seen', { skip }, async (t) => {
  const { old, next, put, logged, followed, load, looks, changes, shown } = start(t);
  const config = load();
  followed.configure(config);
  looks(4);
  t.equal(changes(), 0, 'what is there is what was read');
  put('dns.crt', next.cert);
  looks(1);
  t.same(logged, [], 'what may be on its way is waited for');
  looks(3);
  t.equal(changes(), 0);
  t.equal(shown(config), 'old');
  t.equal(logged.length, 1, 'told once');
  t.match(
    logged[0],
    /dns\.crt is not the certificate of the key in .*; write the paths .*the one before stays/,
  );
  put('dns.key', next.key);
  looks(2);
  t.equal(changes(), 1);
  t.equal(shown(config), 'next');
  t.match(logged[1], /"subject":"CN=next","until":"20.*shown it/);
  looks(5);
  t.equal(changes(), 1);
  put('dns.key', old.key);
  put('dns.crt', old.cert);
  looks(2);
  t.equal(shown(config), 'old', 'both at once');
  t.equal(logged.length, 3);
});

t.test(
  'what is broken or gone changes nothing, and what was there before is right again',
  { skip },
  async (t) => {
    const { folder, old, next, put, logged, followed, load, looks, changes, shown } = start(t);
    const config = load();
    followed.configure(config);
    looks(2);
    put('dns.crt', 'noise');
    looks(3);
    rmSync(join(folder, 'dns.crt'));
    looks(3);
    put('dns.crt', next.cert);
    put('dns.key', `${next.key}`.slice(0, 100));
    looks(3);
    t.match(logged, [
      /tls\.certificate: .*dns\.crt does not begin with a certificate/,
      /tls\.certificate: there is no such file/,
      /tls\.key: .*dns\.key holds no private key/,
    ]);
    t.equal(shown(config), 'old');
    put('dns.crt', old.cert);
    put('dns.key', old.key);
    looks(3);
    t.equal(changes(), 0);
    t.match(logged[3], /"subject":"CN=old".*is read/, 'said, as it was said to be wrong');
  },
);

t.test('a secret of Kubernetes: the link that both go through is replaced', { skip }, async (t) => {
  const { folder, old, next, followed, load, looks, shown } = start(t);
  const publish = (name: string, { cert, key }: Certificate): void => {
    mkdirSync(join(folder, name));
    for (const [file, text] of [
      ['dns.crt', cert],
      ['dns.key', key],
    ] as const) {
      writeFileSync(join(folder, name, file), text, { mode: 0o600 });
      utimesSync(join(folder, name, file), 1, 1);
    }
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  publish('..2026_01', old);
  for (const file of ['dns.crt', 'dns.key']) {
    rmSync(join(folder, file));
    symlinkSync(`..data/${file}`, join(folder, file));
  }
  const config = load();
  followed.configure(config);
  looks(3);
  publish('..2026_02', next);
  rmSync(join(folder, '..2026_01'), { recursive: true });
  looks(2);
  t.equal(shown(config), 'next');
});

t.test('replaced between the reading of a configuration and its first look', { skip }, async (t) => {
  const { next, put, followed, load, looks, changes, shown } = start(t);
  const config = load();
  put('dns.crt', next.cert);
  put('dns.key', next.key);
  followed.configure(config);
  looks(2);
  t.equal(changes(), 1);
  t.equal(shown(config), 'next');
  followed.configure(load());
  looks(2);
  t.equal(changes(), 1, 'a reload has read it by itself');
  t.match(String(readFileSync(next.certFile)), /BEGIN/);
});

t.test('a configuration without certificates: nothing is looked at', { skip }, async (t) => {
  const { next, put, followed, load, looks, changes } = start(t);
  const config = load();
  followed.configure(config);
  const { inbound } = config.endpoints;
  const without = inbound.map(({ tls: _, credentials: __, ...each }) => each);
  followed.configure({
    ...config,
    api: undefined,
    apiCredentials: undefined,
    endpoints: { ...config.endpoints, inbound: without },
  } as typeof config);
  put('dns.crt', next.cert);
  put('dns.key', next.key);
  looks(3);
  t.equal(changes(), 0);
});

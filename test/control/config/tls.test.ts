/** Certificates that the configuration names, and what is said of those that cannot be used. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { listenText } from '../../../src/control/config/check/endpoints.ts';
import { dohListen, dotListen, plainListen } from '../../../src/control/config/endpoints.ts';
import { loadConfig } from '../../../src/control/config/load.ts';
import { certificate } from '../../support/certificate.ts';
import { missing } from '../../support/servers.ts';
import { BASE, errorsOf, shortly } from './support.ts';

/** Loads a configuration with this `api.tls` in a folder with the certificates `one` and `other`. */
function start(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const [one, other] = ['one', 'other'].map((name) => certificate(folder, name));
  const load = (files: string) => {
    const path = join(folder, 'causeway.yaml');
    writeFileSync(path, `${BASE}api: { listen: "0.0.0.0:8053", tls: ${files} }\n`);
    const { config, errors = [], warnings } = loadConfig(path);
    return { config, errors: errors.map(shortly), warnings: warnings.map(shortly) };
  };
  const put = (name: string, text: string | Buffer): void =>
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  return { folder, load, put, one: one!, other: other! };
}

const skip = missing('openssl');

t.test('both files belong together', { skip }, async (t) => {
  const { folder, load, one } = start(t);
  const loaded = load('{ certificate: one.crt, key: one.key }');
  t.same(loaded.errors, []);
  t.same(loaded.warnings, [], 'an address that others hear is no fault with TLS');
  t.same(loaded.config?.apiCredentials, { cert: String(one.cert), key: String(one.key) });
  t.match(load('{ certificate: other.crt, key: one.key }').errors, [
    /\d+:\d+ api\.tls\.certificate: .*other\.crt is not the certificate of the key in .*one\.key; write the/,
  ]);
  chmodSync(join(folder, 'one.key'), 0o640);
  const { config, warnings } = load(`{ certificate: ${one.certFile}, key: ${one.keyFile} }`);
  t.ok(config, 'a warning is no error');
  t.match(warnings, [/api\.tls\.key: .*one\.key may be read or written by other users; chmod 600/]);
});

t.test('a chain: the certificate of the node stands first', { skip }, async (t) => {
  const { load, put, one, other } = start(t);
  put('chain', `${one.cert}${other.cert}`);
  t.same(load('{ certificate: chain, key: one.key }').errors, []);
  t.match(load('{ certificate: chain, key: other.key }').errors, [/is not the certificate of the key/]);
  put('broken', `${one.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`);
  t.match(load('{ certificate: broken, key: one.key }').errors, [/broken cannot be used: .*; make another/]);
});

t.test('what is wrong with one file, each where it is named', { skip }, async (t) => {
  const { folder, load, put, one } = start(t);
  put('noise', 'noise');
  t.match(load('{ certificate: noise, key: none }').errors, [
    /api\.tls\.certificate: .*noise does not begin with a certificate; .*BEGIN CERTIFICATE/,
    /api\.tls\.key: there is no such file; check the path/,
  ]);
  t.match(load('{ certificate: one.key, key: one.crt }').errors, [
    /api\.tls\.certificate: .*one\.key does not begin with a certificate/,
    /api\.tls\.key: .*one\.crt holds no private key; .*BEGIN PRIVATE KEY/,
  ]);
  const locked = [
    'pkey',
    '-in',
    one.keyFile,
    '-aes128',
    '-passout',
    'pass:x',
    '-out',
    join(folder, 'locked'),
  ];
  execFileSync('openssl', locked);
  t.match(load('{ certificate: one.crt, key: locked }').errors, [
    /api\.tls\.key: the key in .*locked has a passphrase; write the path of a key without one: openssl pkey/,
  ]);
  const short = certificate(folder, 'short', { kind: ['rsa:512'] });
  t.match(readFileSync(short.certFile, 'utf8'), /BEGIN/);
  t.match(load('{ certificate: short.crt, key: short.key }').errors, [
    /short\.crt cannot be used: .*key too small/,
  ]);
  t.match(errorsOf('api: { tls: { certificate: a } }'), [/api\.tls\.key: key is missing; add it/]);
});

t.test('DNS over TLS: what an endpoint listens on, and with which certificate', { skip }, async (t) => {
  const { folder, one } = start(t);
  const load = (endpoint: string) => {
    const path = join(folder, 'causeway.yaml');
    writeFileSync(path, `endpoints: { inbound: [{ id: in-1, ${endpoint} }] }\n`);
    const { config, errors = [], warnings } = loadConfig(path);
    const [inbound] = config?.endpoints.inbound ?? [];
    return {
      errors: errors.map(shortly),
      warnings: warnings.map(shortly),
      plain: inbound && plainListen(inbound).map(listenText),
      dot: inbound && dotListen(inbound).map(listenText),
      doh: inbound && dohListen(inbound).map(listenText),
      credentials: inbound?.credentials,
    };
  };
  const tls = 'tls: { certificate: one.crt, key: one.key }';
  const listen = 'listen: ["10.0.0.1", "10.0.0.1:5353", "[fd00::1]"]';
  t.match(load(`${listen}, protocols: [do53, dot], ${tls}`), {
    plain: ['10.0.0.1:53', '10.0.0.1:5353', '[fd00::1]:53'],
    dot: ['10.0.0.1:853', '[fd00::1]:853'],
    credentials: { cert: String(one.cert), key: String(one.key) },
    warnings: [],
  });
  t.match(load(`${listen}, protocols: [dot], dot: ["127.0.0.1", "127.0.0.1:8853"], ${tls}`), {
    plain: [],
    dot: ['127.0.0.1:853', '127.0.0.1:8853'],
  });
  t.match(load(listen), { plain: { length: 3 }, dot: [], credentials: undefined });
  const without = load(`${listen}, protocols: [do53, dot]`);
  t.same(without.errors, [], 'the daemon makes one');
  t.match(without.warnings, [
    /endpoints\.inbound\[0\]\.protocols\[1\]: DNS over TLS without a certificate: .*; add tls: \{ cert/,
  ]);
  t.equal(without.credentials, undefined, 'and whoever reads the configuration makes none');
  t.notOk(existsSync(join(folder, 'state')));
  t.match(load(`${listen}, dot: [10.0.0.1], ${tls}`).errors, [
    /inbound\[0\]\.dot: this endpoint does not speak dot; write protocols: \[do53, dot\]/,
  ]);
  t.match(load(`${listen}, ${tls}`).warnings, [/inbound\[0\]\.tls: no protocol of this endpoint is encr/]);
  t.match(load(`${listen}, protocols: [do53, dot], dot: ["10.0.0.1:53"], ${tls}`).errors, [
    /inbound\[0\]\.dot\[0\]: 10\.0\.0\.1:53 is taken by 10\.0\.0\.1:53 of endpoints\.inbound\[0\]\.listen\[0\]/,
  ]);
  t.match(load(`listen: ["10.0.0.1:853"], protocols: [do53, dot], ${tls}`).errors, [
    /inbound\[0\]\.listen: 10\.0\.0\.1:853 is taken by/,
  ]);
  t.same(load(`listen: ["10.0.0.1:853"], protocols: [dot], ${tls}`).errors, []);
  t.match(load(`${listen}, protocols: [do53, dot, doh], ${tls}`), {
    dot: ['10.0.0.1:853', '[fd00::1]:853'],
    doh: ['10.0.0.1:443', '[fd00::1]:443'],
    warnings: [],
  });
  t.match(load(`${listen}, protocols: [doh], doh: ["127.0.0.1", "127.0.0.1:8443"], dohJson: true, ${tls}`), {
    plain: [],
    dot: [],
    doh: ['127.0.0.1:443', '127.0.0.1:8443'],
    warnings: [],
  });
  t.same(load(`${listen}, proxyProtocol: { from: [192.0.2.1, "2001:db8::/64"] }`).errors, []);
  t.match(load(`${listen}, proxyProtocol: { from: ["0.0.0.0/0"] }`).errors, [
    /inbound\[0\]\.proxyProtocol\.from\[0\]: everybody could claim to be any client; write the addresses/,
  ]);
  t.match(load(`${listen}, proxyProtocol: { from: [] }`).errors, [/inbound\[0\]\.proxyProtocol\.from/]);
  t.match(load(`${listen}, protocols: [doh]`).warnings, [
    /inbound\[0\]\.protocols\[0\]: DNS over HTTPS without a certificate: .*; add tls: \{ cert/,
  ]);
  t.match(load(`${listen}, protocols: [dot], doh: [10.0.0.1], dohJson: true, ${tls}`).errors, [
    /inbound\[0\]\.doh: this endpoint does not speak doh; write protocols: \[do53, doh\]/,
    /inbound\[0\]\.dohJson: this endpoint does not speak doh/,
  ]);
  t.match(load(`${listen}, protocols: [dot, doh], dot: [10.0.0.1], doh: ["10.0.0.1:853"], ${tls}`).errors, [
    /inbound\[0\]\.doh\[0\]: 10\.0\.0\.1:853 is taken by/,
  ]);
  t.match(load(`${listen}, protocols: [dot], tls: { certificate: none.crt, key: one.key }`).errors, [
    /inbound\[0\]\.tls\.certificate: there is no such file; check the path/,
  ]);
});

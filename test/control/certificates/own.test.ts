/** The certificate that a node makes for itself: whom it is for, how long it is kept, and what is said of it. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { OWN_NAME, OwnCertificate, pinOf } from '../../../src/control/certificates/own.ts';
import { newKey, selfSigned } from '../../../src/control/certificates/selfsigned.ts';
import { loadConfig } from '../../../src/control/config/load.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { ManualClock } from '../../../src/util/clock.ts';
import { cryptoPrng } from '../../../src/util/prng.ts';
import { missing } from '../../support/servers.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-03-01T12:00:00Z');

/** A node's, over restarts. */
class Keeper {
  readonly folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  readonly clock = new ManualClock(NOW);
  readonly logged: string[] = [];
  changes = 0;
  host: readonly string[] = ['127.0.0.1', '::1', '192.0.2.7', 'fe80::1%eth0'];
  own!: OwnCertificate;

  constructor(t: Test) {
    this.start();
    t.teardown(() => {
      this.own.close();
      rmSync(this.folder, { recursive: true });
    });
  }

  start(): void {
    this.own?.close();
    this.own = new OwnCertificate({
      clock: this.clock,
      log: createLogger({ thread: 'control', format: 'json', write: (line) => this.logged.push(line) }),
      prng: cryptoPrng,
      changed: () => this.changes++,
      hostAddresses: () => this.host,
    });
  }

  get file(): string {
    return join(this.folder, OWN_NAME);
  }

  /** What the endpoints are shown. */
  complete(
    endpoints = '{ id: a, listen: ["10.0.0.1", "[fd00::1]"], protocols: [do53, dot] }',
    by = 'completed',
  ) {
    const path = join(this.folder, 'causeway.yaml');
    writeFileSync(path, `node: { name: edge-1, state: . }\nendpoints: { inbound: [${endpoints}] }\n`);
    const { config } = loadConfig(path);
    const { inbound } = this.own[by as 'completed'](config!).endpoints;
    return inbound.map(({ credentials }) => credentials);
  }

  names(endpoints?: string): string {
    return new X509Certificate(this.complete(endpoints)[0]!.cert).subjectAltName!;
  }
}

t.test('made for endpoints that speak TLS and were given none, and for no others', (t) => {
  const keeper = new Keeper(t);
  t.same(keeper.complete('{ id: a, listen: [10.0.0.1] }'), [undefined]);
  t.same(readdirSync(keeper.folder), ['causeway.yaml'], 'plain DNS takes none');
  t.same(keeper.complete(undefined, 'tried'), [undefined], 'nor does what is only tried');
  t.same(keeper.logged, []);
  const shown = keeper.complete(
    '{ id: a, listen: [10.0.0.1], protocols: [doh] }, { id: b, listen: [10.0.0.2] }, { id: c, listen: [10.0.0.3], dot: [10.0.0.4], protocols: [dot] }',
  );
  t.same([shown[1], shown[2]], [undefined, shown[0]]);
  const certificate = new X509Certificate(shown[0]!.cert);
  t.equal(
    certificate.subjectAltName,
    'DNS:edge-1, IP Address:10.0.0.1, IP Address:10.0.0.3, IP Address:10.0.0.4',
  );
  t.ok(certificate.issuer === certificate.subject && certificate.verify(certificate.publicKey));
  t.match(certificate.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' });
  t.equal(statSync(keeper.file).mode & 0o777, 0o600);
  t.same(readFileSync(keeper.file, 'utf8'), `${shown[0]!.key}${shown[0]!.cert}`);
  t.equal(keeper.logged.length, 1);
  t.match(JSON.parse(keeper.logged[0]!), {
    level: /warn/,
    name: 'edge-1',
    pin: pinOf(shown[0]!),
    file: keeper.file,
    until: '2027-04-01T12:00:00.000Z',
    msg: /a certificate was made for clients by TLS: a self-signed certificate, which none trusts/,
  });
  t.notMatch(keeper.logged.join(''), shown[0]!.key.split('\n')[1]!);
  t.end();
});

t.test('kept over restarts, which tell of it; its key stays where it is made anew', (t) => {
  const keeper = new Keeper(t);
  const [first] = keeper.complete();
  keeper.start();
  t.same(keeper.complete(undefined, 'tried'), [undefined]);
  t.same(keeper.complete(), [first]);
  t.same(keeper.complete(), [first]);
  t.equal(keeper.logged.length, 2, 'once at each start');
  t.match(keeper.logged[1], /clients by TLS are shown a self-signed certificate/);
  t.equal(
    keeper.names('{ id: a, listen: [10.0.0.1], protocols: [dot] }').split(', ').length,
    3,
    'less is no reason',
  );
  t.match(keeper.names('{ id: a, listen: [10.0.0.9], protocols: [dot] }'), /10\.0\.0\.9$/);
  const [other] = keeper.complete('{ id: a, listen: [10.0.0.9], protocols: [dot] }');
  t.not(other!.cert, first!.cert);
  t.equal(other!.key, first!.key);
  t.equal(pinOf(other!), pinOf(first!));
  t.match(keeper.names('{ id: a, listen: ["0.0.0.0"], protocols: [dot] }'), /IP Address:192\.0\.2\.7$/);
  t.match(
    keeper.names('{ id: a, listen: ["[::]"], protocols: [dot] }'),
    /^DNS:edge-1, IP Address:0:0:0:0:0:0:0:1$/,
  );
  t.end();
});

t.test('renewed a month before it ends, and where the clock was another one', (t) => {
  const keeper = new Keeper(t);
  const [first] = keeper.complete();
  keeper.clock.advance(365 * DAY);
  t.equal(keeper.changes, 0);
  keeper.clock.advance(2 * DAY);
  t.ok(keeper.changes > 0, 'the next configuration that is compiled has another');
  const [second] = keeper.complete();
  t.not(second!.cert, first!.cert);
  t.equal(second!.key, first!.key);
  t.ok(readFileSync(keeper.file, 'utf8').endsWith(second!.cert));
  const { changes } = keeper;
  keeper.clock.advance(DAY);
  t.equal(keeper.changes, changes);
  t.same(keeper.complete('{ id: a, listen: [10.0.0.1] }'), [undefined]);
  keeper.clock.advance(400 * DAY);
  t.equal(keeper.changes, changes, 'nobody is shown it');
  t.end();
});

t.test(
  'a file that is not right is put aside; where none can be written it is said, and it is done without',
  (t) => {
    const keeper = new Keeper(t);
    const [first] = keeper.complete();
    const bads = [
      '',
      'noise',
      first!.cert,
      first!.key,
      `${newKey()}${first!.cert}`,
      `${first!.key}${first!.cert.slice(0, 90)}`,
    ];
    for (const text of bads) {
      writeFileSync(keeper.file, text);
      keeper.clock.advance(1000);
      keeper.start();
      keeper.logged.length = 0;
      t.equal(keeper.complete().length, 1);
      t.match(keeper.logged[0], /cannot be used and is put aside/);
      t.match(readFileSync(keeper.file, 'utf8'), /^-----BEGIN PRIVATE[\s\S]*-----BEGIN CERTIFICATE/);
    }
    t.equal(readdirSync(keeper.folder).filter((name) => name.includes('.bad-')).length, bads.length);
    keeper.start();
    keeper.logged.length = 0;
    rmSync(keeper.file);
    // Nothing can be written beside it.
    mkdirSync(join(`${keeper.file}.new`, 'x'), { recursive: true });
    t.match(keeper.complete(), [{ cert: /BEGIN/ }]);
    t.match(keeper.logged, [
      /cannot be kept: another start makes one with another key/,
      /a certificate was made/,
    ]);
    t.end();
  },
);

t.test('what OpenSSL says of it', { skip: missing('openssl') }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'cert.pem');
  const names = { name: 'edge-1', addresses: ['10.0.0.1', 'fd00::1'] };
  for (const [year, form] of [
    ['1970', 'Jan'],
    ['2026', 'Mar'],
    ['2049', 'Dec'],
    ['2060', 'Jul'],
  ] as const) {
    const wall = Date.parse(`1 ${form} ${year} 12:00 UTC`);
    writeFileSync(file, selfSigned(newKey(), names, wall, cryptoPrng).cert);
    const at = ['-attime', String(wall / 1000)];
    const verify = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', file, ...at];
    for (const who of [
      ['-verify_hostname', 'edge-1'],
      ['-verify_ip', '10.0.0.1'],
      ['-verify_ip', 'fd00::1'],
    ])
      t.match(execFileSync('openssl', [...verify, ...who, file]).toString(), /: OK/, `${year} ${who}`);
  }
  t.end();
});

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { CacheDump } from '../../src/view/report.ts';
import { nameToText } from '../../src/wire/name.ts';
import { cli } from '../support/cli.ts';
import { anchors, client, explanation, startFakeDaemon, status } from '../support/fake-daemon.ts';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

t.test('status as a page', async (t) => {
  const daemon = await startFakeDaemon({});
  const { code, out } = await cli(['status', '--socket', daemon.socket.path]);
  t.equal(code, 0);
  t.equal(
    out,
    `edge-1 (eu-central-1)  causeway 0.1.0  pid 4711  up 1 d 1 h  ready
config /etc/causeway/causeway.yaml  revision 7 since 2026-01-02T03:04:05.000Z

WORKER  SERVES    STATE    REVISION         UP  IN FLIGHT
     0  UDP, TCP  serving         7  1 h 1 min          0
     1  UDP, TCP  silent          0        0 s          0

ENDPOINT  PROTOCOLS  VPC        LISTEN
in-1      do53       by-source  127.0.0.1:5353
in-tls    dot        by-source  tls://127.0.0.1:853

CERTIFICATE OF  UNTIL                     SIGNED BY  PIN                                           FOR
in-tls          2027-01-02T03:04:05.000Z  another    YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE=  DNS:dns.example.org

VPC       ZONES  RULES
vpc-corp      2      3

TARGET         BREAKER         RTT MS  IN FLIGHT  SENT  ANSWERED  TIMEOUTS  ERRORS
192.0.2.53:53  open in 1 of 2    12.3          3   100        90         9       1

CACHE    ENTRIES    USED  BUDGET  INSERTS  EVICTIONS
answers       10  1000 B  1.0 MB       11          1
records       20  2.0 kB  1.0 MB       21          1
`,
  );
  t.same(JSON.parse((await cli(['status', '--json', '--socket', daemon.socket.path])).out), plain(status));
  t.same(await cli(['status', '--ready', '--socket', daemon.socket.path]), { code: 0, out: '', err: '' });
  await daemon.close();
});

t.test('colour on a terminal only, and columns that stay aligned with it', async (t) => {
  const daemon = await startFakeDaemon({});
  const without = await cli(['status', '--socket', daemon.socket.path]);
  const coloured = await cli(['status', '--socket', daemon.socket.path], { colour: true });
  t.notMatch(without.out, '\u001b');
  t.match(coloured.out, '\u001b[32mserving\u001b[0m');
  const uncoloured = coloured.out
    .split('\u001b[')
    .map((part, i) => (i === 0 ? part : part.replace(/^\d+m/, '')));
  t.equal(uncoloured.join(''), without.out);
  await daemon.close();
});

t.test('a daemon that is not ready, a configuration that was refused', async (t) => {
  const refused = {
    ...status,
    ready: false,
    config: { ...status.config, errors: ['a.yaml:1:2: no\u001b[2J'] },
  };
  const daemon = await startFakeDaemon({ daemon: { status: async () => refused } });
  t.equal((await cli(['status', '--ready', '--socket', daemon.socket.path])).code, 1);
  const { out } = await cli(['status', '--socket', daemon.socket.path]);
  t.match(out, /not ready\n/);
  t.match(out, 'refused: a.yaml:1:2: no\\u{1b}[2J\n');
  await daemon.close();
});

t.test('anchors: what is trusted, what is not, and what has ended apart from it', async (t) => {
  const daemon = await startFakeDaemon({});
  const { code, out } = await cli(['anchors', '--socket', daemon.socket.path]);
  t.equal(code, 0);
  t.equal(
    out,
    `TRUST ANCHOR   RECORD  KEY TAG  ALGORITHM  DIGEST   STATE
.              DS        20326  RSASHA256  SHA-256  valid
corp.example.  DNSKEY        5  RSASHA1    -        unsupported

NEGATIVE TRUST ANCHOR  VPC                TIME LEFT  REASON
broken.example.        all                2 h        ticket 4711
corp.example.          vpc-corp, vpc-lab  no end     forward rule corp is not validated

EXPIRED, WITHOUT EFFECT  SINCE                     REASON
mended.example.          2025-12-31T00:00:00.000Z  ticket 4710
`,
  );
  t.same(JSON.parse((await cli(['anchors', '--json', '--socket', daemon.socket.path])).out), plain(anchors));
  await daemon.close();
  const empty = await startFakeDaemon({ daemon: { anchors: () => ({ anchors: [], negative: [] }) } });
  t.equal(
    (await cli(['anchors', '--socket', empty.socket.path])).out,
    'no trust anchor\n\nno negative trust anchor\n',
  );
  await empty.close();
  const early = await startFakeDaemon({ daemon: { anchors: () => undefined } });
  t.match(await cli(['anchors', '--socket', early.socket.path]), {
    code: 1,
    err: /no configuration is in force yet/,
  });
  await early.close();
});

t.test('geo: the files, and what is known of an address', async (t) => {
  const daemon = await startFakeDaemon({});
  const geo = async (...args: string[]) => cli(['geo', ...args, '--socket', daemon.socket.path]);
  const files = `FILE                        KIND       ENTRIES  MADE         READ       STATE
/usr/share/GeoIP/city.mmdb  Test-City  5000000  1 d 1 h ago  1 min ago  in force
/etc/causeway/rtt.txt       rtt              -  -            -          refused: 1: 2 words
                                                                        refused: 7: "x" is not a time
`;
  t.match(await geo(), { code: 0, out: files });
  const { out } = await geo('203.0.113.9');
  t.equal(
    out,
    `${files}
203.0.113.9 is in NA US OR, at 45.5 -122.7, as is all of its /24

NEAREST REGIONS   MS   KM
us-west-2        4.3  230
us-west-1          -  911

CIDR COLLECTION  LOCATION
networks         office

DATABASE                    NETWORK  RECORD
/usr/share/GeoIP/city.mmdb  /24      {"country":{"iso_code":"US"}}
`,
  );
  t.same(JSON.parse((await geo('203.0.113.9', '--json')).out).client, plain(client));
  t.match(await geo('example.com'), { code: 1, err: /"example\.com" is no address/ });
  t.match(await geo('203.0.113.9', '203.0.113.10'), { code: 2, err: /name one address/ });
  await daemon.close();
  const bare = await startFakeDaemon({ daemon: { geo: async () => ({ files: [] }) } });
  t.match(await cli(['geo', '--socket', bare.socket.path]), { out: 'no file says where clients are\n' });
  await bare.close();
});

t.test('explain as a tree', async (t) => {
  const daemon = await startFakeDaemon({});
  const args = ['explain', 'db.internal.example', 'A', '--vpc', 'vpc-corp', '--socket', daemon.socket.path];
  const { code, out } = await cli(args);
  t.equal(code, 0);
  t.equal(
    out,
    `db.internal.example. A in vpc-corp
├─ decisions
│  ├─ match  zone internal.example. is the longest match
│  └─ zone   hit (wildcard *.internal.example.)
├─ candidates
│  ├─ ✓  internal.example.  zone     internal  longest match
│  └─ ·  .                  forward  rule-1    shorter name
└─ answer NOERROR aa ra from zone
   └─ db.internal.example. 300 IN A 10.20.0.5
`,
  );
  t.same(JSON.parse((await cli([...args, '--json'])).out), plain(explanation));
  await cli([
    'explain',
    'db.internal.example',
    '--client',
    '10.20.0.9',
    '--live',
    '--socket',
    daemon.socket.path,
  ]);
  t.match(daemon.asked.at(-1), { ask: 'explain', type: 1, client: '10.20.0.9', live: true, vpc: 'vpc-corp' });
  await daemon.close();
});

t.test('an explanation of a failure, with hostile text', async (t) => {
  const daemon = await startFakeDaemon({
    answer: () => ({
      ...explanation,
      view: undefined,
      candidates: [],
      answer: { rcode: 'SERVFAIL', flags: [], answer: [], authority: [], additional: [] },
      source: 'upstream',
      upstream: '192.0.2.53:53',
      ageSeconds: 65,
      ede: [{ code: 22, text: 'rule\u202e-1\nis silent' }],
    }),
  });
  const { out } = await cli(['explain', 'x', '--vpc', 'vpc-corp', '--socket', daemon.socket.path]);
  t.match(out, /^db\.internal\.example\. A in no VPC\n/);
  t.match(out, '├─ answer SERVFAIL from upstream, 192.0.2.53:53, 1 min 5 s old\n│  └─ no records\n');
  t.match(out, '└─ EDE 22: rule\\u{202e}-1\\u{a}is silent\n');
  t.notMatch(out, 'candidates');
  await daemon.close();
});

t.test('cache', async (t) => {
  const daemon = await startFakeDaemon({});
  const socket = ['--socket', daemon.socket.path];
  t.match((await cli(['cache', 'stats', ...socket])).out, /^answers +21 .*\n(.*\n){2}worker 0\n/m);
  const dump = await cli(['cache', 'dump', '--limit', '2', ...socket]);
  t.match(
    dump.out,
    /^n0-0\.corp\.example\. +100 {2}A +192\.0\.2\.1 +rule-1 +vpc-corp +1 min 5 s\n +100 {2}A +192\.0\.2\.2\n/m,
  );
  t.match(dump.err, 'only the first 2 are shown');
  const all = await cli(['cache', 'dump', ...socket]);
  t.match(all.out, /^n1-0\.corp\.example\. +stale {2}A +192\.0\.2\.1 /m);
  t.match(all.out, /^n2-0\.corp\.example\. +98 {2}- +\(nxdomain\) /m);
  const read = JSON.parse((await cli(['cache', 'dump', '--json', ...socket])).out) as CacheDump;
  t.match(read, { truncated: false });
  t.match(
    read.entries.filter(({ name }) => /^n[12]-0/.test(name)),
    [
      { state: 'stale', ttl: 0, type: 'A' },
      { kind: 'nxdomain', type: '-', ttl: 98 },
    ],
  );
  const flushed = await cli(['cache', 'flush', 'Corp.example', '--subtree', '--vpc', 'vpc-corp', ...socket]);
  t.same(flushed, { code: 0, out: '2 entries removed\n', err: '' });
  const asked = daemon.asked.at(-1)!;
  t.ok(asked.ask === 'cache-flush' && asked.subtree && nameToText(asked.name) === 'Corp.example.');
  const unknown = await cli(['cache', 'flush', 'a', '--vpc', 'vpc-x', ...socket]);
  t.same(unknown, { code: 1, out: '', err: 'causeway: no VPC "vpc-x"; known are vpc-corp, vpc-lab\n' });
  await daemon.close();
});

t.test('reload', async (t) => {
  const daemon = await startFakeDaemon({});
  const args = ['reload', '--socket', daemon.socket.path];
  t.same(await cli(args), {
    code: 0,
    out: 'zone internal.example. changed\nrevision 8 is in force\n',
    err: '',
  });
  daemon.reload = {
    applied: false,
    revision: 7,
    changes: [],
    errors: ['a.yaml:1:2: wrong; right', 'a.yaml:3:4: b'],
  };
  t.same(await cli(args), {
    code: 1,
    out: '',
    err: 'a.yaml:1:2: wrong; right\na.yaml:3:4: b\ncauseway: the configuration was refused; revision 7 stays in force\n',
  });
  await daemon.close();
});

t.test('the daemon is found by its configuration', async (t) => {
  const daemon = await startFakeDaemon({});
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  mkdirSync(join(folder, 'config'));
  const config = join(folder, 'config', 'causeway.yaml');
  // Errors elsewhere do not keep the operator from asking the daemon.
  writeFileSync(config, `node: { state: ${daemon.state} }\nnonsense: true\n`);
  t.match((await cli(['status', '--config', config])).out, /^edge-1/);
  t.match((await cli(['status', '--config', 'config/causeway.yaml'], { cwd: folder })).out, /^edge-1/);
  t.match((await cli(['status'], { cwd: folder })).out, /^edge-1/);
  await daemon.close();
  t.same(await cli(['status'], { cwd: folder }), {
    code: 1,
    out: '',
    err: `causeway: no daemon answers at ${daemon.state}/control.sock; start it with \`npm start\` or name its socket with --socket\n`,
  });
  t.match(
    (await cli(['status', '--config', 'nowhere.yaml'])).err,
    /^causeway: no configuration at nowhere\.yaml; /,
  );
});

t.test('a socket that is not a daemon’s', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  const other = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'));
  });
  await new Promise<void>((done) => void other.listen(join(folder, 's'), done));
  const { code, err } = await cli(['status', '--socket', join(folder, 's')]);
  t.equal(code, 1);
  t.match(err, /answers, but not as a daemon does; name its control socket/);
  other.close();
});

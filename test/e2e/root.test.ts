/** A root of one's own, as docs/operations.md tells to set it up: NSD serves it, BIND's tools sign it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { at, type DigReply, dig } from '../support/dig.ts';
import { type DnsServer, missing, startNsd } from '../support/servers.ts';
import { configOf } from './config.ts';

const skip = missing('nsd', 'dig', 'dnssec-keygen', 'dnssec-signzone', 'dnssec-dsfromkey');

const APEX = '$TTL 300\n@ SOA ns.root. hostmaster.root. 1 7200 900 1209600 300\n@ NS ns.root.\n';

interface Signed {
  readonly zone: string;
  /** The DS of its key, as dnssec-dsfromkey prints it. */
  readonly ds: string;
}

function signed(name: string, text: string): Signed {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-root-'));
  const run = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  try {
    writeFileSync(join(folder, 'zone'), `${APEX}${text}`);
    const key = run('dnssec-keygen', '-a', 'ECDSAP256SHA256', '-f', 'KSK', name).trim();
    run('dnssec-keygen', '-a', 'ECDSAP256SHA256', name);
    run('dnssec-signzone', '-S', '-o', name, '-f', 'signed', 'zone');
    return { zone: readFileSync(join(folder, 'signed'), 'utf8'), ds: run('dnssec-dsfromkey', key) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A root, and below it a zone in which an address is not the one that was signed. */
function privateTree(): { zones: Record<string, string>; ds: string } {
  const broken = signed('broken.example.', 'www A 203.0.113.66\n');
  const root = signed(
    '.',
    `ns.root. A 127.0.0.1\nwww.example. A 203.0.113.1\nbroken.example. NS ns.root.\n${broken.ds}`,
  );
  const changed = broken.zone.replace('203.0.113.66', '203.0.113.67');
  return { zones: { '.': root.zone, 'broken.example.': changed }, ds: root.ds };
}

const recursion = (nsd: DnsServer, more = ''): string =>
  `recursion: { hints: private-root.hints, anchors: private-root.key, port: ${nsd.port}, loopbackServers: on${more} }\n${configOf({})}`;

t.test('a private root is anchored, and a broken zone excepted', { skip }, async (t) => {
  const { zones, ds } = privateTree();
  const nsd = await startNsd({ zones });
  t.teardown(() => nsd.stop());
  const daemon: Daemon = await startDaemon({
    config: recursion(nsd),
    files: { 'private-root.hints': '. NS ns.root.\nns.root. A 127.0.0.1\n', 'private-root.key': ds },
  });
  t.teardown(() => daemon.stop());
  const ask = (name: string): Promise<DigReply> => dig(at(daemon), name, 'A', '+dnssec');
  const good = await ask('www.example.');
  t.equal(good.status, 'NOERROR');
  t.ok(good.flags.includes('ad'), 'validated up to the key of the private root');
  t.ok((await ask('none.example.')).flags.includes('ad'), 'denial too');
  t.equal((await ask('www.broken.example.')).status, 'SERVFAIL');
  const tag = / DS ([0-9]+) /.exec(ds)![1]!;
  t.match(
    (await daemon.cli('anchors')).stdout,
    new RegExp(`^\\. +DS +${tag} +ECDSAP256SHA256 +SHA-256 +valid$`, 'm'),
  );

  const nta = '{ domain: broken.example., until: 2099-01-01, reason: "ticket 4711" }';
  daemon.configure(recursion(nsd, `, negativeTrustAnchors: [${nta}]`));
  t.equal((await daemon.cli('reload')).code, 0);
  const excepted = await ask('www.broken.example.');
  t.equal(excepted.status, 'NOERROR');
  t.notOk(excepted.flags.includes('ad'));
  t.ok((await ask('www.example.')).flags.includes('ad'), 'others are validated as before');
  t.match((await daemon.cli('anchors')).stdout, /^broken\.example\. +all +[0-9]+ d .*ticket 4711$/m);

  daemon.configure(recursion(nsd));
  t.equal((await daemon.cli('reload')).code, 0);
  t.equal((await ask('www.broken.example.')).status, 'SERVFAIL', 'the exception is over');
});

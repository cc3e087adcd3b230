/** What an installation writes, for each way to run a host's DNS, and what it refuses. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { detect } from '../../../src/cli/host/detect.ts';
import { Disk } from '../../../src/cli/host/disk.ts';
import { type Journal, readJournal, type Step } from '../../../src/cli/host/journal.ts';
import { planResolver } from '../../../src/cli/host/plan.ts';
import { hostConfigText } from '../../../src/cli/host/text.ts';
import { cli } from '../../support/cli.ts';
import { IMAGES, type Image, listing, makeImage, removeImage } from './image.ts';

function rootOf(t: Test, image: Image): string {
  const root = makeImage(image);
  t.teardown(() => removeImage(root));
  return root;
}

const ASKED = { address: '127.0.0.55', search: ['vpn.example.'] };

/** `write PATH`, `link PATH`, `run COMMAND`, `undo COMMAND`: in the order in which they are done. */
function shortly(step: Step): string {
  switch (step.do) {
    case 'folder':
      return `folder ${step.path}`;
    case 'place':
      return step.after.kind === 'link' ? `link ${step.path} ${step.after.target}` : `file ${step.path}`;
    case 'write':
      return `into ${step.path}`;
    case 'run':
      return step.apply === undefined ? `undo ${step.undo?.join(' ')}` : `run ${step.apply.join(' ')}`;
    default:
      return step satisfies never;
  }
}

function textOf(steps: readonly Step[], path: string): string {
  const step = steps.find((each) => each.do === 'place' && each.path === path);
  return step?.do === 'place' && step.after.kind === 'file' ? step.after.text : '';
}

const RESOLVED = 'systemctl try-reload-or-restart systemd-resolved.service';
const NM = 'systemctl try-reload-or-restart NetworkManager.service';
const STEPS: Readonly<Record<keyof typeof IMAGES, readonly string[]>> = {
  file: ['file /etc/resolv.conf'],
  'no file at all': ['file /etc/resolv.conf'],
  'a link to a file by hand': ['file /etc/resolv.conf'],
  'file with dhclient': ['file /etc/dhcp/dhclient-enter-hooks.d/zz-causeway', 'file /etc/resolv.conf'],
  'systemd-resolved': [
    `undo ${RESOLVED}`,
    'folder /etc/systemd/resolved.conf.d',
    'file /etc/systemd/resolved.conf.d/90-causeway.conf',
    `run ${RESOLVED}`,
  ],
  'systemd-resolved, by its uplinks': [
    `undo ${RESOLVED}`,
    'folder /etc/systemd',
    'folder /etc/systemd/resolved.conf.d',
    'file /etc/systemd/resolved.conf.d/90-causeway.conf',
    `run ${RESOLVED}`,
    'link /etc/resolv.conf ../run/systemd/resolve/stub-resolv.conf',
  ],
  NetworkManager: [
    `undo ${NM}`,
    'file /etc/NetworkManager/conf.d/90-causeway.conf',
    `run ${NM}`,
    'file /etc/resolv.conf',
  ],
  'NetworkManager, by a link': [
    `undo ${NM}`,
    'folder /etc/NetworkManager',
    'folder /etc/NetworkManager/conf.d',
    'file /etc/NetworkManager/conf.d/90-causeway.conf',
    `run ${NM}`,
    'file /etc/resolv.conf',
  ],
  resolvconf: ['file /etc/resolv.conf'],
  openresolv: ['undo resolvconf -u', 'file /etc/resolvconf.conf', 'run resolvconf -u'],
};

for (const [name, image] of Object.entries(IMAGES))
  t.test(`steps: ${name}`, (t) => {
    const disk = new Disk(rootOf(t, image));
    const host = detect(disk);
    const steps = planResolver(disk, host, ASKED, { live: true, systemd: true });
    t.same(steps.map(shortly), STEPS[name as keyof typeof IMAGES]);
    t.match(name, host.manager === 'file' ? /file/ : new RegExp(host.manager));
    const own = textOf(steps, '/etc/resolv.conf');
    if (own !== '' && name !== 'no file at all')
      t.match(own, /^nameserver 127\.0\.0\.55\nsearch corp\.example vpn\.example$/m);
    t.end();
  });

t.test('what is written for others to read', (t) => {
  const plan = (name: keyof typeof IMAGES): Step[] => {
    const disk = new Disk(rootOf(t, IMAGES[name]));
    return planResolver(disk, detect(disk), ASKED, { live: true, systemd: true });
  };
  t.match(
    textOf(plan('systemd-resolved'), '/etc/systemd/resolved.conf.d/90-causeway.conf'),
    /^\[Resolve\]\nDNS=\nDNS=127\.0\.0\.55\nFallbackDNS=\nDomains=~\. vpn\.example$/m,
  );
  t.match(
    textOf(plan('NetworkManager'), '/etc/NetworkManager/conf.d/90-causeway.conf'),
    /^\[main\]\ndns=none$/m,
  );
  const openresolv = textOf(plan('openresolv'), '/etc/resolvconf.conf');
  t.ok(openresolv.startsWith(`${IMAGES.openresolv['/etc/resolvconf.conf']}\n`), 'what it said stays');
  t.match(
    openresolv,
    /^name_servers=127\.0\.0\.55\nresolv_conf_local_only=YES\nsearch_domains='vpn\.example'$/m,
  );
  t.end();
});

t.test('glibc that asks systemd-resolved past resolv.conf: both are told', (t) => {
  const root = rootOf(t, {
    ...IMAGES.file,
    '/etc/nsswitch.conf': 'hosts: files resolve [!UNAVAIL=return] dns\n',
    '/run/systemd/resolve/io.systemd.Resolve': '',
  });
  const disk = new Disk(root);
  const steps = planResolver(disk, detect(disk), ASKED, { live: false, systemd: false }).map(shortly);
  t.same(steps.slice(-2), ['file /etc/systemd/resolved.conf.d/90-causeway.conf', 'file /etc/resolv.conf']);
  t.end();
});

t.test('whom the host asked: behind a stub the servers of the stub', (t) => {
  const uplinks = (name: keyof typeof IMAGES) => detect(new Disk(rootOf(t, IMAGES[name]))).uplinks;
  t.same(uplinks('file'), ['192.0.2.1', '192.0.2.2']);
  t.same(uplinks('systemd-resolved'), ['192.0.2.1', '192.0.2.2']);
  t.same(uplinks('NetworkManager, by a link'), ['192.0.2.9']);
  t.same(uplinks('no file at all'), []);
  t.end();
});

t.test('a configuration for a host is right, and asks servers of one family', async (t) => {
  const rules = (uplinks: readonly string[]) => {
    const config = parse(hostConfigText('127.0.0.55', uplinks)) as { rules: Record<string, unknown>[] };
    return config.rules.map(({ type, targets }) => [type, targets]);
  };
  t.same(rules(['192.0.2.1', '2001:db8::1', '192.0.2.2']), [['forward', ['192.0.2.1', '192.0.2.2']]]);
  t.same(rules(['fe80::1%eth0', '2001:db8::1']), [['forward', ['2001:db8::1']]]);
  t.same(rules(['127.0.0.55']), [['recursive', undefined]], 'not itself');
  t.same(rules([]), [['recursive', undefined]]);
  for (const uplinks of [['192.0.2.1'], []]) {
    const root = rootOf(t, { '/etc/causeway.yaml': hostConfigText('127.0.0.55', uplinks) });
    const { code, err } = await cli(['check', '--config', join(root, 'etc/causeway.yaml')]);
    t.equal(code, 0, err);
  }
});

t.test('an image: installed and uninstalled without running anything', async (t) => {
  const root = rootOf(t, {
    ...IMAGES['systemd-resolved'],
    '/usr/lib/systemd/system/causeway.service': '[Unit]\n',
  });
  const before = listing(root);
  const dry = await cli(['install-host', '--root', root, '--dry-run', '--json']);
  t.equal(dry.code, 0, dry.err);
  t.same(listing(root), before);
  t.match(JSON.parse(dry.out), {
    manager: 'systemd-resolved',
    steps: [
      'make /etc/causeway',
      'write /etc/causeway/causeway.yaml',
      'make /etc/causeway/rules.d',
      'make /etc/systemd/system',
      'make /etc/systemd/system/multi-user.target.wants',
      'write /etc/systemd/system/multi-user.target.wants/causeway.service',
      'make /etc/systemd/resolved.conf.d',
      'write /etc/systemd/resolved.conf.d/90-causeway.conf',
    ],
  });
  t.equal((await cli(['install-host', '--root', root])).code, 0);
  t.match(
    readFileSync(join(root, 'etc/causeway/causeway.yaml'), 'utf8'),
    /targets: \[192\.0\.2\.1, 192\.0\.2\.2\]/,
  );
  t.match((await cli(['install-host', '--root', root])).err, /asks Causeway already/);
  const { code, out } = await cli(['uninstall-host', '--root', root]);
  t.equal(code, 0);
  t.match(out, /asks as before, by systemd-resolved/);
  t.same(listing(root), before);
  t.match((await cli(['uninstall-host', '--root', root])).err, /nothing to undo/);
});

t.test('a configuration that its operator has changed stays', async (t) => {
  const root = rootOf(t, IMAGES.file);
  await cli(['install-host', '--root', root]);
  const config = join(root, 'etc/causeway/causeway.yaml');
  writeFileSync(config, `${readFileSync(config, 'utf8')}# mine\n`);
  const { code, err } = await cli(['uninstall-host', '--root', root]);
  t.equal(code, 0);
  t.match(err, /causeway\.yaml stays: it was changed since/);
  t.match(readFileSync(config, 'utf8'), /# mine/);
  t.match(readFileSync(join(root, 'etc/resolv.conf'), 'utf8'), /by hand/);
});

t.test('the search list follows the files of the rules folder', async (t) => {
  const root = rootOf(t, IMAGES.file);
  const before = listing(root);
  await cli(['install-host', '--root', root]);
  const search = () => /^search .*$/m.exec(readFileSync(join(root, 'etc/resolv.conf'), 'utf8'))?.[0];
  const vpn = join(root, 'etc/causeway/rules.d/vpn.yaml');
  writeFileSync(vpn, 'search: [vpn.example]\n');
  t.match((await cli(['install-host', '--update', '--root', root])).out, /resolv\.conf is written anew/);
  t.equal(search(), 'search corp.example vpn.example');
  t.equal((await cli(['install-host', '--update', '--root', root])).out, '', 'nothing is left to do');
  rmSync(vpn);
  await cli(['install-host', '--update', '--root', root]);
  t.equal(search(), 'search corp.example');
  t.equal((await cli(['uninstall-host', '--root', root])).code, 0);
  t.same(listing(root), before);
  t.match((await cli(['install-host', '--update', '--root', root])).err, /does not ask Causeway/);
});

t.test('an update that was interrupted is done by the next', async (t) => {
  const root = rootOf(t, IMAGES.file);
  const before = listing(root);
  await cli(['install-host', '--root', root]);
  const vpn = join(root, 'etc/causeway/rules.d/vpn.yaml');
  writeFileSync(vpn, 'search: [vpn.example]\n');
  const file = join(root, 'etc/resolv.conf');
  const former = readFileSync(file);
  const journal = join(root, 'var/lib/causeway-host/journal.json');
  const settled = JSON.parse(readFileSync(journal, 'utf8')) as Journal;
  await cli(['install-host', '--update', '--root', root]);
  const updated = readFileSync(file, 'utf8');
  // As it was between the journal and the file.
  const after = { kind: 'file' as const, text: updated };
  const steps = settled.steps.map((step) =>
    step.do === 'place' && step.path === '/etc/resolv.conf' ? { ...step, former: step.after, after } : step,
  );
  writeFileSync(journal, JSON.stringify({ ...settled, steps }));
  writeFileSync(file, former);
  t.match((await cli(['install-host', '--update', '--root', root])).out, /resolv\.conf is written anew/);
  t.equal(readFileSync(file, 'utf8'), updated);
  t.equal((await cli(['install-host', '--update', '--root', root])).out, '');
  rmSync(vpn);
  t.equal((await cli(['uninstall-host', '--root', root])).code, 0);
  t.same(listing(root), before);
});

t.test('the servers and the search list follow the network', async (t) => {
  const file = '/run/NetworkManager/no-stub-resolv.conf';
  const root = rootOf(t, {
    ...IMAGES['NetworkManager, by a link'],
    '/usr/lib/systemd/system/causeway.service': '[Service]\nExecStart=/usr/bin/causeway serve\n',
  });
  const text = (path: string): string => readFileSync(join(root, path), 'utf8');
  const told = (lines: string): void => writeFileSync(join(root, file), lines);
  const update = async (): Promise<string> => {
    const { code, out, err } = await cli(['install-host', '--update', '--root', root]);
    t.equal(code, 0, err);
    return out;
  };
  const before = listing(join(root, 'etc'));
  t.equal((await cli(['install-host', '--root', root])).code, 0);
  const uplink = '/etc/causeway/rules.d/uplink.yaml';
  t.match(text(uplink), /targets: \[192\.0\.2\.9\]/);
  t.match(text('/etc/systemd/system/causeway-uplink.path'), `PathChanged=${file}\n`);
  t.match(
    text('/etc/systemd/system/causeway-uplink.service'),
    /^ExecStart=\/usr\/bin\/causeway install-host --update$/m,
  );
  const check = await cli(['check', '--config', join(root, 'etc/causeway/causeway.yaml')]);
  t.equal(check.code, 0, check.err);

  told('search home.example\nnameserver 127.0.0.55\nnameserver 192.0.2.10\nnameserver 192.0.2.11\n');
  t.match(await update(), `${uplink} is written anew\n`);
  t.match(text(uplink), /targets: \[192\.0\.2\.10, 192\.0\.2\.11\]/);
  t.match(text('/etc/resolv.conf'), /^nameserver 127\.0\.0\.55\nsearch home\.example$/m);
  t.equal(await update(), '', 'nothing is left to do');

  told('# no connection\n');
  await update();
  t.match(text(uplink), /targets: \[192\.0\.2\.10, 192\.0\.2\.11\]/, 'those of the last network');

  writeFileSync(join(root, uplink), '# mine\nrules: []\n');
  told('nameserver 192.0.2.12\n');
  await update();
  t.match(text(uplink), /^# mine\n/, 'its operator has taken it over');
  rmSync(join(root, uplink));
  t.equal((await cli(['uninstall-host', '--root', root])).code, 0);
  t.same(listing(join(root, 'etc')), before);
});

t.test('what is refused, and nothing is changed', async (t) => {
  const refused = async (image: Image, pattern: RegExp, ...words: string[]): Promise<void> => {
    const root = rootOf(t, image);
    const before = listing(root);
    const { code, err } = await cli(['install-host', '--root', root, ...words]);
    t.equal(code, 1);
    t.match(err, pattern);
    t.same(listing(root), before);
  };
  await refused({ ...IMAGES['no file at all'], '/etc/resolv.conf/': '' }, /neither a file nor a link/);
  await refused(
    { ...IMAGES.file, '/etc/resolv.conf.before-causeway': 'x' },
    /before-causeway is there already/,
  );
  await refused(IMAGES.file, /192\.0\.2\.1 is not a loopback address/, '--address', '192.0.2.1');
  await refused(IMAGES.file, /there is no \/etc\/mine\.yaml/, '--config', '/etc/mine.yaml');
  await refused(
    { ...IMAGES.file, '/etc/causeway/causeway.yaml': 'node: [' },
    /the configuration has errors: /,
  );
  await refused(
    { ...IMAGES.file, '/etc/causeway/causeway.yaml': 'vpcs: [{ id: vpc-a, cidrs: [127.0.0.0/8] }]\n' },
    /no inbound endpoint at a loopback address and port 53; add \{ id: host, listen: \["127\.0\.0\.55:53"\]/,
  );
  t.match((await cli(['install-host', '--root', '/no/such/folder'])).err, /there is no folder/);
  t.equal((await cli(['install-host', 'now'])).code, 2);
});

t.test('a root that leads out of itself: its links are its own', async (t) => {
  const root = rootOf(t, { '/var/lib/': '', '/real-etc/resolv.conf': 'nameserver 192.0.2.1\n' });
  symlinkSync('/real-etc', join(root, 'etc'));
  t.equal((await cli(['install-host', '--root', root])).code, 0);
  t.match(readFileSync(join(root, 'real-etc/resolv.conf'), 'utf8'), /127\.0\.0\.55/);
  t.equal((await cli(['uninstall-host', '--root', root])).code, 0);
  t.equal(readFileSync(join(root, 'real-etc/resolv.conf'), 'utf8'), 'nameserver 192.0.2.1\n');
});

t.test('what was kept is lost or changed: refused, and told', async (t) => {
  const root = rootOf(t, IMAGES.file);
  await cli(['install-host', '--root', root]);
  const kept = join(root, 'etc/resolv.conf.before-causeway');
  writeFileSync(kept, 'nameserver 192.0.2.66\n');
  t.match(
    (await cli(['uninstall-host', '--root', root])).err,
    /what \/etc\/resolv\.conf was before is not kept/,
  );
  const journal = readJournal(new Disk(root)) as Journal;
  t.equal(journal.state, 'installed', 'nothing was begun');
  const forced = await cli(['uninstall-host', '--force', '--root', root]);
  t.equal(forced.code, 0);
  t.match(forced.err, /resolv\.conf stays: what it was before is lost/);
  writeFileSync(join(root, 'var/lib/.keep'), '');
});

t.test('changed by someone else since: refused, and with --force put aside', async (t) => {
  const root = rootOf(t, IMAGES['a link to a file by hand']);
  const before = listing(root);
  await cli(['install-host', '--root', root]);
  const file = join(root, 'etc/resolv.conf');
  writeFileSync(file, 'nameserver 192.0.2.66\n');
  // Of an earlier time.
  writeFileSync(`${file}.after-causeway`, 'kept\n');
  const refused = await cli(['uninstall-host', '--root', root]);
  t.equal(refused.code, 1);
  t.match(refused.err, /resolv\.conf was changed by someone else since/);
  t.equal(readFileSync(file, 'utf8'), 'nameserver 192.0.2.66\n');
  const forced = await cli(['uninstall-host', '--force', '--root', root]);
  t.equal(forced.code, 0);
  t.match(forced.err, /is \/etc\/resolv\.conf\.after-causeway\.2/);
  t.equal(readFileSync(`${file}.after-causeway`, 'utf8'), 'kept\n');
  t.equal(readFileSync(`${file}.after-causeway.2`, 'utf8'), 'nameserver 192.0.2.66\n');
  for (const name of ['.after-causeway', '.after-causeway.2']) rmSync(file + name);
  t.same(listing(root), before);
});

t.test('an immutable file: refused before anything is done', async (t) => {
  const root = rootOf(t, IMAGES.file);
  const before = listing(root);
  const file = join(root, 'etc/resolv.conf');
  if (spawnSync('chattr', ['+i', file]).status !== 0) {
    t.comment('no file can be made immutable here');
    return;
  }
  const { code, err } = await cli(['install-host', '--root', root]);
  spawnSync('chattr', ['-i', file]);
  t.equal(code, 1);
  t.match(err, /immutable; see `lsattr/);
  t.same(listing(root), before);
});

t.test('a journal that is none', async (t) => {
  const root = rootOf(t, {
    ...IMAGES.file,
    '/var/lib/causeway-host/journal.json': '{"version":1,"steps":"rm -rf"}',
  });
  for (const command of ['install-host', 'uninstall-host'])
    t.match((await cli([command, '--root', root])).err, /journal\.json is damaged/);
});

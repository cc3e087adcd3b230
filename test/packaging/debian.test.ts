/**
 * The Debian package in a Debian of its own that systemd has booted: see debian.sh. Minutes, root and a mirror of Debian:
 * in the long run only.
 */
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { LONG } from '../support/long.ts';
import { findTool } from '../support/tools.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const absent = ['debootstrap', 'systemd-nspawn', 'dpkg-deb'].filter((tool) => findTool(tool) === undefined);
const skip =
  (!LONG && 'minutes: CAUSEWAY_LONG=1') ||
  (process.getuid?.() !== 0 && 'root only') ||
  (absent.length > 0 && `not installed: ${absent.join(', ')}`);
/** What the package depends on, and what the script asks with. */
const PACKAGES = 'systemd,systemd-sysv,dbus,libatomic1,libstdc++6,openssl,man-db';
/** What a network for it is made of. debootstrap cannot configure polkitd, which NetworkManager depends on. */
const NETWORK = ['network-manager', 'dnsmasq-base', 'iproute2'];
/** Who may run its DNS beside NetworkManager; the script installs one after the other. */
const MANAGERS = ['resolvconf', 'systemd-resolved'];
const MINUTES_MAX = 30;

const UNIT = `[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash -c 'bash /srv/test.sh >/srv/result.tap 2>&1'
ExecStopPost=/bin/systemctl --no-block poweroff
`;

t.setTimeout(MINUTES_MAX * 60_000);
t.test('installs, serves, reloads, upgrades, removes and purges under systemd', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-debian-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const debian = join(folder, 'root');
  const debs = join(debian, 'srv', 'debs');
  await run('debootstrap', ['--variant=minbase', `--include=${PACKAGES}`, 'bookworm', debian], {
    maxBuffer: 1 << 24,
  });
  const apt = ['apt-get', 'install', '-qq', '--no-install-recommends', ...NETWORK];
  await run('chroot', [debian, 'env', 'DEBIAN_FRONTEND=noninteractive', ...apt], { maxBuffer: 1 << 24 });
  const later = `mkdir /srv/network && cd /srv/network && apt-get download -qq ${MANAGERS.join(' ')}`;
  await run('chroot', [debian, 'sh', '-c', later]);
  for (const revision of ['1', '2']) {
    const words = ['--out', debs, '--revision', revision, '--compression', revision === '1' ? 'xz' : 'none'];
    await run(process.execPath, [join(root, 'packaging/deb.ts'), ...words], { cwd: root });
  }
  cpSync(join(import.meta.dirname, 'debian.sh'), join(debian, 'srv', 'test.sh'));
  const units = join(debian, 'etc/systemd/system');
  writeFileSync(join(units, 'try.service'), UNIT);
  mkdirSync(join(units, 'default.target.wants'), { recursive: true });
  symlinkSync('../try.service', join(units, 'default.target.wants/try.service'));
  const nspawn = ['--register=no', '--keep-unit', '--private-network', '--console=pipe', '-D', debian, '-b'];
  // It ends as a machine does that is halted, whatever came of the script.
  await run('systemd-nspawn', nspawn, { maxBuffer: 1 << 24 }).catch(() => undefined);
  const result = readFileSync(join(debian, 'srv/result.tap'), 'utf8');
  t.match(result, /^1\.\.\d+$/m, 'the script came to its end');
  for (const [, no, what = ''] of result.matchAll(/^(not )?ok \d+ - (.*(?:\n#.*)*)/gm)) t.notOk(no, what);
});

const noLintian = findTool('lintian') === undefined && 'not installed: lintian';
t.test('lintian has nothing to say that is not overridden', { skip: skip || noLintian }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-debian-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  await run(process.execPath, [join(root, 'packaging/deb.ts'), '--out', folder], { cwd: root });
  const [file = ''] = globSync('*.deb', { cwd: folder });
  const said = await run('lintian', ['--fail-on', 'error,warning', join(folder, file)]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  t.equal(said, '');
});

t.test('the package is the same octets whoever builds it', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-debian-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const build = async (name: string, env: Record<string, string>, umask: string): Promise<string> => {
    const out = join(folder, name);
    const command = `umask ${umask}; exec "$0" "$1" --out "$2"`;
    await run('sh', ['-c', command, process.execPath, join(root, 'packaging/deb.ts'), out], {
      cwd: folder,
      env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000', ...env },
    });
    return execFileSync('sh', ['-c', 'cat "$0"/*.deb | sha256sum', out], { encoding: 'utf8' });
  };
  t.equal(
    await build('a', { TZ: 'UTC', LC_ALL: 'C' }, '022'),
    await build('b', { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8' }, '077'),
  );
});

/** The units of systemd, by systemd's own tools; that they run is tried in debian.test.ts, where systemd can. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findTool } from '../support/tools.ts';

const units = join(import.meta.dirname, '..', '..', 'systemd');
const skip = (...tools: string[]): string | false => {
  const absent = tools.filter((tool) => findTool(tool) === undefined);
  return absent.length > 0 && `not installed: ${absent.join(', ')}`;
};
const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

// The program is not installed where the unit says: any that is there does for the check.
const service = readFileSync(join(units, 'causeway.service'), 'utf8').replaceAll(
  '/usr/bin/causeway',
  '/bin/true',
);

function analyze(...args: string[]) {
  return spawnSync('systemd-analyze', args, { encoding: 'utf8' });
}

t.test('systemd finds the units in order', { skip: skip('systemd-analyze') }, (t) => {
  const unit = join(folder, 'causeway.service');
  const socket = join(folder, 'causeway.socket');
  cpSync(join(units, 'causeway.socket'), socket);
  const complaints = (text: string): string[] => {
    writeFileSync(unit, text);
    const { stderr } = analyze('verify', '--man=no', unit, socket);
    return stderr.split('\n').filter((line) => line.includes('causeway.'));
  };
  t.same(complaints(service), []);
  t.match(complaints(service.replace('Restart=', 'Restrat=')), [/Restrat/], 'a bad sample is seen');
  t.end();
});

t.test('and little that they expose: at most 2.0 of 10', { skip: skip('systemd-analyze') }, (t) => {
  const exposure = (name: string, text: string) => {
    const unit = join(folder, `${name}.service`);
    writeFileSync(unit, text);
    return analyze('security', '--offline=yes', '--no-pager', '--threshold=20', unit);
  };
  const { status, stdout } = exposure('causeway', service);
  t.equal(status, 0, stdout.slice(-80));
  // What the comments of causeway.socket put into a drop-in.
  const dropIn = readFileSync(join(units, 'causeway.socket'), 'utf8')
    .split('\n')
    .flatMap((line) => line.match(/^# {3}(\S.*)/)?.[1] ?? []);
  t.equal(dropIn[0], '[Service]');
  t.equal(exposure('passed', `${service}\n${dropIn.join('\n')}\n`).status, 0);
  t.not(exposure('open', service.replace(/^(Protect|Restrict).*\n/gm, '')).status, 0, 'a bad sample is seen');
  t.end();
});

t.test('sysusers.d has the user of the unit', { skip: skip('systemd-sysusers') }, (t) => {
  const users = join(units, 'causeway.sysusers');
  const { status, stdout, stderr } = spawnSync('systemd-sysusers', ['--dry-run', '--root', folder, users], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  t.match(stdout + stderr, /Creating user 'causeway'/);
  t.match(service, /^User=causeway$/m);
  t.end();
});

/** What a unit says, in its order; a setting that is there twice stands twice. */
function settings(name: string): string[] {
  const lines = readFileSync(join(units, name), 'utf8').split('\n');
  return lines.filter((line) => /^\w+=/.test(line));
}

t.test('the service: told that it is ready and alive, kept by the kernel, started anew', (t) => {
  const said = settings('causeway.service');
  for (const line of [
    'Type=notify',
    // Not `main`: systemd-notify is a process of its own, and `exec` is for those of Exec*= lines.
    'NotifyAccess=all',
    'WatchdogSec=10',
    'Restart=always',
    'StartLimitIntervalSec=0',
    'KillMode=mixed',
    'LimitNOFILE=65536',
    'OOMScoreAdjust=-500',
    'OOMPolicy=continue',
  ])
    t.ok(said.includes(line), line);
  t.end();
});

t.test('the sockets: each address for UDP and for TCP, with room for bursts', (t) => {
  const said = settings('causeway.socket');
  const of = (setting: string) => said.flatMap((line) => line.split(`${setting}=`)[1] ?? []);
  t.same(of('ListenDatagram'), ['127.0.0.1:53', '[::1]:53']);
  t.same(of('ListenStream'), of('ListenDatagram'));
  for (const line of ['BindIPv6Only=ipv6-only', 'FreeBind=yes', 'Backlog=1024', 'ReceiveBuffer=4M'])
    t.ok(said.includes(line), line);
  t.end();
});

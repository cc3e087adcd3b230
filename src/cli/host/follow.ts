/**
 * The servers and the search list of a host come and go with its network. Who runs its DNS goes on to write them into a
 * file of its own while Causeway is installed, and systemd has what was installed brought up to that file.
 */
import { uplinkFile } from './detect.ts';
import type { Disk } from './disk.ts';
import type { Manager, Step } from './journal.ts';
import { BY, folders, type Means, place } from './plan.ts';

export const SERVICE = 'causeway.service';
const UNITS = '/etc/systemd/system';
const UNIT_FOLDERS = [
  UNITS,
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];
const FOLLOWER = 'causeway-uplink';
/** Before NetworkManager and its like are started, so that nothing they write at boot is missed. */
const WANTS = `${UNITS}/paths.target.wants/${FOLLOWER}.path`;

/** Where the unit of the daemon is. */
export function unitOf(disk: Disk): string | undefined {
  return UNIT_FOLDERS.map((folder) => `${folder}/${SERVICE}`).find((path) => disk.has(path));
}

/** The file to follow, and the program that does it: where systemd runs the host and the daemon. */
function followed(disk: Disk, manager: Manager, { live, systemd }: Means) {
  const unit = live && !systemd ? undefined : unitOf(disk);
  const [, program] = /^ExecStart=(\/\S+)/m.exec(unit === undefined ? '' : (disk.read(unit) ?? '')) ?? [];
  const file = uplinkFile(manager);
  return file === undefined || program === undefined ? undefined : { file, program };
}

export function follows(disk: Disk, manager: Manager, means: Means): boolean {
  return followed(disk, manager, means) !== undefined;
}

/** The last steps of all: an update in the midst of the others would find them half done. */
export function followSteps(disk: Disk, manager: Manager, means: Means): Step[] {
  const found = followed(disk, manager, means);
  if (found === undefined) return [];
  const path = `${UNITS}/${FOLLOWER}.path`;
  const service = `${UNITS}/${FOLLOWER}.service`;
  const reload = ['systemctl', 'daemon-reload'];
  const run = (step: { apply?: string[]; undo?: string[] }): Step[] =>
    means.live ? [{ do: 'run', ...step }] : [];
  return [
    ...run({ undo: reload }),
    ...folders(disk, WANTS),
    place(disk, service, { kind: 'file', text: serviceText(found.program) }),
    place(disk, path, { kind: 'file', text: pathText(found.file) }),
    place(disk, WANTS, { kind: 'link', target: path }),
    ...run({ apply: reload }),
    ...run({
      apply: ['systemctl', 'start', `${FOLLOWER}.path`],
      // A pattern, which may match none: an installation may end before there are such units.
      undo: ['systemctl', 'stop', `${FOLLOWER}.*`],
    }),
  ];
}

function pathText(file: string): string {
  return `${BY}\n[Unit]\nDescription=Servers and search list of the network, for Causeway\n\n[Path]\nPathChanged=${file}\n`;
}

/**
 * A change that comes while it runs does not start it again: it looks twice. Nor do many changes end it for good. A
 * daemon that is being started may have read the rules, and takes no word yet: that is waited for.
 */
function serviceText(program: string): string {
  const update = `ExecStart=${program} install-host --update`;
  const look = `${update}\nExecStart=/bin/sleep 1\n${update}`;
  return `${BY}\n[Unit]\nDescription=Brings Causeway up to the network\nAfter=${SERVICE}\nStartLimitIntervalSec=0\n\n[Service]\nType=oneshot\n${look}\n`;
}

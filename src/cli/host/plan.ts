import { dirname } from 'node:path';
import { CliError } from '../command.ts';
import { savedName } from './change.ts';
import { type HostDns, RESOLV_CONF, RESOLVED_UPLINK } from './detect.ts';
import type { Disk } from './disk.ts';
import type { After, Manager, Place, Step } from './journal.ts';
import { renderResolvConf } from './resolvconf.ts';

export const BY = '# Written by `causeway install-host`; `causeway uninstall-host` takes it away.';

const RESOLVED_DROPIN = '/etc/systemd/resolved.conf.d/90-causeway.conf';
const NM_DROPIN = '/etc/NetworkManager/conf.d/90-causeway.conf';
const OPENRESOLV_CONF = '/etc/resolvconf.conf';
const DHCLIENT_HOOKS = '/etc/dhcp/dhclient-enter-hooks.d';
const DHCLIENT_HOOK = `${DHCLIENT_HOOKS}/zz-causeway`;

/** What a plan takes of the host besides its files. */
export interface Means {
  /** systemd runs this host. */
  readonly systemd: boolean;
  /** Commands run: not for an image. */
  readonly live: boolean;
}

/** What names are asked for the host: an address on port 53, and domains of its search list besides those it has. */
export interface Asked {
  readonly address: string;
  readonly search: readonly string[];
}

/** The steps after which a host asks Causeway and nobody else. Changes nothing. Throws CliError. */
export function planResolver(disk: Disk, host: HostDns, asked: Asked, means: Means): Step[] {
  const own = stepsOf(disk, host, asked, means);
  // glibc may ask systemd-resolved past the file that somebody else writes.
  if (!host.asksResolved || host.manager === 'systemd-resolved') return own;
  return [...resolvedSteps(disk, host, asked, means), ...own];
}

function stepsOf(disk: Disk, host: HostDns, asked: Asked, means: Means): Step[] {
  switch (host.manager) {
    case 'systemd-resolved':
      return resolvedSteps(disk, host, asked, means);
    case 'NetworkManager': {
      const reload = means.systemd
        ? ['systemctl', 'try-reload-or-restart', 'NetworkManager.service']
        : ['nmcli', 'general', 'reload'];
      // NetworkManager lets go of the file before it is ours, and takes it back after it was.
      return [
        ...placed(disk, NM_DROPIN, `${BY}\n[main]\ndns=none\n`, means, reload),
        ...fileSteps(disk, host, asked),
      ];
    }
    case 'openresolv':
      return placed(disk, OPENRESOLV_CONF, openresolvText(disk.read(OPENRESOLV_CONF) ?? '', asked), means, [
        'resolvconf',
        '-u',
      ]);
    case 'resolvconf':
      // A line in resolv.conf.d/head would leave the other servers behind it, to be asked as soon as one answer is late.
      return fileSteps(disk, host, asked);
    case 'file':
      return [
        ...(disk.isFolder(DHCLIENT_HOOKS)
          ? placed(disk, DHCLIENT_HOOK, `${BY}\nmake_resolv_conf() { :; }\n`, { ...means, live: false }, [])
          : []),
        ...fileSteps(disk, host, asked),
      ];
    default:
      return host.manager satisfies never;
  }
}

function resolvedSteps(disk: Disk, host: HostDns, asked: Asked, means: Means): Step[] {
  const reload = ['systemctl', 'try-reload-or-restart', 'systemd-resolved.service'];
  const dropin = placed(disk, RESOLVED_DROPIN, resolvedText(asked), means, reload);
  if (host.real !== RESOLVED_UPLINK) return dropin;
  // There libc sees the servers of all links beside ours.
  const link: After = { kind: 'link', target: '../run/systemd/resolve/stub-resolv.conf' };
  return [...dropin, place(disk, RESOLV_CONF, link)];
}

function fileSteps(disk: Disk, host: HostDns, asked: Asked): Step[] {
  const text = renderResolvConf(host.resolvConf, asked.address, checked(asked.search));
  return [...folders(disk, RESOLV_CONF), replaced(disk, RESOLV_CONF, text)];
}

/** A file with the folders that it takes, and the command that makes its readers read it again, now and afterwards. */
function placed(disk: Disk, path: string, text: string, { live }: Means, reload: readonly string[]): Step[] {
  const command = [...reload];
  return [
    ...(live ? [{ do: 'run', undo: command } as const] : []),
    ...folders(disk, path),
    replaced(disk, path, text),
    ...(live ? [{ do: 'run', apply: command } as const] : []),
  ];
}

/** Makes the folders that are missing above a path. */
export function folders(disk: Disk, path: string): Step[] {
  const folder = dirname(path);
  if (disk.isFolder(folder)) return [];
  return [...folders(disk, folder), { do: 'folder', path: folder }];
}

function replaced(disk: Disk, path: string, text: string): Step {
  const thing = disk.look(path);
  const after = { kind: 'file', text } as const;
  if (!disk.isMounted(path)) return place(disk, path, after);
  if (thing.kind !== 'file')
    throw new CliError(`${path} is a mount point, and no file`, 'see what is mounted there');
  disk.refuseUnchangeable(path);
  return { do: 'write', path, before: thing, after };
}

/** Puts something in the place of what is there. Throws CliError where that cannot be. */
export function place(disk: Disk, path: string, after: After): Place {
  const thing = disk.look(path);
  if (thing.kind === 'other') throw new CliError(`${path} is neither a file nor a link`, 'see what it is');
  if (disk.has(savedName(path)))
    throw new CliError(`${savedName(path)} is there already`, 'see what it is, and move it away');
  disk.refuseUnchangeable(path);
  return { do: 'place', path, before: thing, after };
}

/**
 * An empty `DNS=` ends the list that other files began; those of `Domains=` stay. `~.`: questions for which no link has a
 * domain of its own. Nothing is cached there, as the server is local (CacheFromLocalhost=).
 */
function resolvedText({ address, search }: Asked): string {
  const domains = ['~.', ...search.map(withoutDot)].join(' ');
  return `${BY}\n[Resolve]\nDNS=\nDNS=${address}\nFallbackDNS=\nDomains=${domains}\nDNSOverTLS=no\nDNSSEC=no\n`;
}

function openresolvText(before: string, { address, search }: Asked): string {
  const gap = before === '' || before.endsWith('\n') ? '' : '\n';
  const domains = search.length === 0 ? '' : `search_domains='${search.map(withoutDot).join(' ')}'\n`;
  return `${before}${gap}${BY}\nname_servers=${address}\nresolv_conf_local_only=YES\n${domains}`;
}

function checked(search: readonly string[]): readonly string[] {
  for (const domain of search) withoutDot(domain);
  return search;
}

/** As the files of a host have it. Throws CliError: some of these are read by a shell, as root. */
function withoutDot(domain: string): string {
  if (!HOST_DOMAIN.test(domain))
    throw new CliError(
      `the search domain ${JSON.stringify(domain)} is none that a host may have`,
      'letters, digits, - and _ between dots',
    );
  return domain.replace(/(?<=.)\.$/, '');
}

const HOST_DOMAIN = /^(\.|([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?)$/i;

/** The texts of a plan with another search list: by path, those that have one. */
export function searchTexts(
  manager: Manager,
  host: HostDns,
  asked: Asked,
  before: (path: string) => string,
): ReadonlyMap<string, string> {
  const texts = new Map<string, string>([[RESOLVED_DROPIN, resolvedText(asked)]]);
  if (manager === 'openresolv') texts.set(OPENRESOLV_CONF, openresolvText(before(OPENRESOLV_CONF), asked));
  else texts.set(RESOLV_CONF, renderResolvConf(host.resolvConf, asked.address, checked(asked.search)));
  return texts;
}

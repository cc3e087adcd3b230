import { networkInterfaces } from 'node:os';
import type { StatusReport } from '../../view/report.ts';
import { rcodeToText } from '../../wire/constants.ts';
import { CliError } from '../command.ts';
import { ask, configFor } from '../daemon.ts';
import { progressOf } from './change.ts';
import { type Configured, readConfigured } from './configured.ts';
import { detect, type HostDns, RESOLVED_UPLINK } from './detect.ts';
import type { Disk } from './disk.ts';
import { type Journal, readJournal } from './journal.ts';
import { type Listener, listenersOn } from './listening.ts';
import { NAMESERVERS_MAX, parseResolvConf } from './resolvconf.ts';
import { rcodeOf } from './verify.ts';
import { LOOPBACK_PORT } from './world.ts';

/** All that a diagnosis is made from; nothing in it is a judgement. */
export interface Facts {
  readonly host: HostDns;
  /** Who listens on port 53. */
  readonly listeners: readonly Listener[];
  /** Addresses of this host. */
  readonly addresses: readonly string[];
  /** Whom systemd-resolved asks; undefined where it does not run. */
  readonly resolvedUplinks: readonly string[] | undefined;
  /** A Docker engine runs on this host. */
  readonly dockerEngine: boolean;
  readonly config: ConfigFacts;
  readonly daemon: DaemonFacts;
  readonly installation: InstallationFacts;
  /** What the name servers of resolv.conf that libc asks say to a question for the root. */
  readonly servers: readonly ServerFacts[];
}

export type ConfigFacts =
  | { readonly kind: 'none' }
  | { readonly kind: 'read'; readonly configured: Configured }
  | { readonly kind: 'faulty'; readonly file: string; readonly errors: readonly string[] };

export type DaemonFacts =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'runs'; readonly status: DaemonStatus }
  | { readonly kind: 'silent'; readonly fault: string; readonly remedy: string };

export type DaemonStatus = Pick<StatusReport, 'pid' | 'ready' | 'endpoints' | 'config'> & {
  readonly targets: readonly Pick<StatusReport['targets'][number], 'target' | 'breaker'>[];
};

export type InstallationFacts =
  | { readonly kind: 'none' }
  | { readonly kind: 'damaged'; readonly fault: string; readonly remedy: string }
  | {
      readonly kind: 'known';
      readonly state: Journal['state'];
      /** Who ran the host's DNS before. */
      readonly manager: Journal['manager'];
      readonly address: string;
      /** Paths that somebody else has changed since. */
      readonly changed: readonly string[];
    };

export interface ServerFacts {
  readonly address: string;
  /** `NOERROR`; undefined where it is silent. */
  readonly rcode: string | undefined;
}

export interface Named {
  /** The configuration's file; undefined: the one that was installed, or that is found. */
  readonly config: string | undefined;
  readonly socket: string | undefined;
  readonly cwd: string;
}

/** Looks at the host. Changes nothing; asks the name servers one question each. */
export async function gather(disk: Disk, named: Named): Promise<Facts> {
  const host = detect(disk);
  const { journal, installation } = installationOf(disk);
  const config = configOf(named, journal);
  const resolved = disk.read(RESOLVED_UPLINK);
  const asked = host.resolvConf.nameservers.slice(0, NAMESERVERS_MAX);
  const [daemon, ...servers] = await Promise.all([daemonOf(named, config), ...asked.map(serverOf)]);
  return {
    host,
    listeners: listenersOn(LOOPBACK_PORT),
    addresses: Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address)),
    resolvedUplinks: resolved === undefined ? undefined : parseResolvConf(resolved).nameservers,
    dockerEngine: disk.has('/run/docker.sock') || disk.has('/var/run/docker.sock'),
    config,
    daemon,
    installation,
    servers,
  };
}

function installationOf(disk: Disk): { journal: Journal | undefined; installation: InstallationFacts } {
  let journal: Journal | undefined;
  try {
    journal = readJournal(disk);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { journal, installation: { kind: 'damaged', fault: error.message, remedy: error.remedy } };
  }
  if (journal === undefined) return { journal, installation: { kind: 'none' } };
  const changed = journal.steps.flatMap((step) => {
    if (step.do !== 'place' && step.do !== 'write') return [];
    return (step.do === 'place' && step.given) || progressOf(disk, step) === 'done' ? [] : [step.path];
  });
  const { state, manager, address } = journal;
  return { journal, installation: { kind: 'known', state, manager, address, changed } };
}

function configOf({ config, cwd }: Named, journal: Journal | undefined): ConfigFacts {
  const file = configFor(config ?? journal?.config, cwd);
  if (file === undefined) return { kind: 'none' };
  const read = readConfigured(file);
  if (read.configured !== undefined) return { kind: 'read', configured: read.configured };
  return { kind: 'faulty', file, errors: read.errors };
}

async function daemonOf({ socket }: Named, config: ConfigFacts): Promise<DaemonFacts> {
  const path = socket ?? (config.kind === 'read' ? config.configured.socket : undefined);
  if (path === undefined) return { kind: 'unknown' };
  try {
    return { kind: 'runs', status: await ask<StatusReport>(path, 'GET', '/status') };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { kind: 'silent', fault: error.message, remedy: error.remedy };
  }
}

async function serverOf(address: string): Promise<ServerFacts> {
  try {
    return { address, rcode: rcodeToText(await rcodeOf(address, '.', 'NS', false, 1)) };
  } catch (error) {
    if (error instanceof CliError) return { address, rcode: undefined };
    throw error;
  }
}

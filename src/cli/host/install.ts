import { dirname, resolve } from 'node:path';
import type { ReloadReport, StatusReport } from '../../view/report.ts';
import { CliError } from '../command.ts';
import { ask, CONFIG_SYSTEM, NoDaemonError } from '../daemon.ts';
import { apply, progressOf, type Remark, type Runner, replace, savedName, undoAll } from './change.ts';
import { type Configured, readConfigured } from './configured.ts';
import { detect, type HostDns, RESOLV_CONF, toldBy } from './detect.ts';
import { type Disk, diskError } from './disk.ts';
import { followSteps, follows, SERVICE, unitOf } from './follow.ts';
import {
  COPY,
  type Journal,
  type Place,
  readJournal,
  type Step,
  type Write,
  writeJournal,
} from './journal.ts';
import { type Listener, spareAddress } from './listening.ts';
import { folders, type Means, place, planResolver, searchTexts } from './plan.ts';
import { parseResolvConf } from './resolvconf.ts';
import { hostConfigText, UPLINK_RULES, uplinkText } from './text.ts';
import { verifyAnswers, verifyLookUps } from './verify.ts';
import { LOOPBACK_PORT, pause, type World } from './world.ts';

const WANTS = `/etc/systemd/system/multi-user.target.wants/${SERVICE}`;
/** Looks at a daemon that has just been started, until it is ready. */
const LOOKS_MAX = 20;

export interface Wish {
  /** Path of the configuration on the host. */
  readonly config: string;
  /** The loopback address to take. */
  readonly address: string | undefined;
  /** Names that are looked up in the end. */
  readonly names: readonly string[];
  readonly probes: readonly string[];
}

/** What is about to be done. */
export interface Plan {
  readonly host: HostDns;
  readonly address: string;
  readonly socket: string | undefined;
  /** The daemon comes first, what names are asked of it second. */
  readonly service: readonly Step[];
  readonly resolver: readonly Step[];
}

/** Looks at the host and says what an installation would do. Changes nothing. Throws CliError where there can be none. */
export async function planInstall(world: World, wish: Wish): Promise<Plan> {
  const { disk, means } = world;
  const journal = readJournal(disk);
  if (journal !== undefined) throw installed(journal);
  const host = detect(disk);
  const file = disk.at(wish.config);
  const known = disk.has(wish.config) ? mustRead(file) : undefined;
  const address = addressOf(world, wish, known);
  const daemon = known && means.live ? await daemonOf(known) : undefined;
  if (daemon !== undefined) mustListen(daemon, address);
  const service = daemon === undefined ? serviceSteps(world, wish, host, known === undefined, address) : [];
  const asked = { address, search: known?.search ?? [] };
  const resolver = [...planResolver(disk, host, asked, means), ...followSteps(disk, host.manager, means)];
  return { host, address, socket: known?.socket, service, resolver: withoutFolders(resolver, service) };
}

/** Steps without folders that others have made by then, whose business it is to remove them. */
function withoutFolders(steps: readonly Step[], earlier: readonly Step[]): Step[] {
  const made = new Set<string>();
  const isNew = (step: Step): boolean =>
    step.do !== 'folder' || (!made.has(step.path) && !!made.add(step.path));
  earlier.forEach(isNew);
  return steps.filter(isNew);
}

function installed({ state }: Journal): CliError {
  return state === 'installed'
    ? new CliError(
        'this host asks Causeway already',
        '`causeway doctor` explains; `causeway uninstall-host` undoes it',
      )
    : new CliError(
        `an ${state === 'installing' ? 'installation' : 'uninstallation'} was interrupted here`,
        'run `causeway uninstall-host` first',
      );
}

function mustRead(file: string): Configured {
  const { configured, errors } = { errors: [], ...readConfigured(file) };
  if (configured !== undefined) return configured;
  throw new CliError(`the configuration has errors: ${errors[0]}`, 'see `causeway check`');
}

/** The address that the configuration listens on, or one that it can. */
function addressOf({ listeners, disk }: World, wish: Wish, known: Configured | undefined): string {
  const named = wish.address;
  if (named !== undefined && !isLoopback(named))
    throw new CliError(`${named} is not a loopback address`, 'write one such as 127.0.0.55');
  const spare = named ?? spareAddress(listeners);
  if (spare === undefined)
    throw new CliError(
      `port 53 of all loopback addresses is taken by ${listeners.find(isWildcard)?.process ?? 'another program'}`,
      'have it listen on addresses of its own; `causeway doctor` shows who listens',
    );
  if (known === undefined) return spare;
  const own = known.listens.filter(({ address, port }) => port === LOOPBACK_PORT && isLoopback(address));
  const found = own.find(({ address }) => named === undefined || address === named);
  if (found !== undefined) return found.address;
  throw new CliError(
    `${wish.config} has no inbound endpoint at ${named ?? 'a loopback address'} and port 53`,
    `add { id: host, listen: ["${spare}:53"], vpc: YOUR-VPC, allow: [127.0.0.0/8] } to endpoints.inbound${
      disk.root === '/' ? ', and reload' : ''
    }`,
  );
}

function isWildcard({ address }: Listener): boolean {
  return address === '0.0.0.0' || address === '::';
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

async function daemonOf({ socket }: Configured): Promise<StatusReport | undefined> {
  try {
    let status = await ask<StatusReport>(socket, 'GET', '/status');
    for (let i = 0; i < LOOKS_MAX && !status.ready; i++) {
      pause();
      status = await ask<StatusReport>(socket, 'GET', '/status');
    }
    return status;
  } catch (error) {
    if (error instanceof NoDaemonError) return undefined;
    throw error;
  }
}

function mustListen({ ready, endpoints, config }: StatusReport, address: string): void {
  if (!ready) throw new CliError('the daemon is not ready', 'see `causeway status`');
  const at = address.includes(':') ? `[${address}]:${LOOPBACK_PORT}` : `${address}:${LOOPBACK_PORT}`;
  if (endpoints.some(({ listen }) => listen.includes(at))) return;
  throw new CliError(
    `the daemon of ${config.file} does not listen at ${at}`,
    'run `causeway reload`, and see its log if that does not help',
  );
}

/** Makes the daemon run: with systemd, or in an image that will have it. */
function serviceSteps(
  { disk, means, run }: World,
  { config }: Wish,
  host: HostDns,
  isNew: boolean,
  address: string,
): Step[] {
  const unit = unitOf(disk);
  if (means.live && (unit === undefined || !means.systemd))
    throw new CliError(
      `no daemon serves ${config}, and ${means.systemd ? `there is no ${SERVICE}` : 'systemd does not run here'}`,
      isNew
        ? `write it with \`mkdir -p ${dirname(config)}/rules.d && causeway install-host --print-config > ${config}\`, start \`causeway serve --config ${config}\`, and run this again`
        : `start \`causeway serve --config ${config}\`, and run this again`,
    );
  if (isNew && config !== CONFIG_SYSTEM)
    throw new CliError(
      `there is no ${config}`,
      `write it, or leave --config out: then ${CONFIG_SYSTEM} is made`,
    );
  const steps: Step[] = isNew ? configSteps(disk, config, host, means, address) : [];
  if (unit !== undefined && !disk.has(WANTS))
    steps.push(...folders(disk, WANTS), place(disk, WANTS, { kind: 'link', target: unit }));
  if (means.live && !run(['systemctl', 'is-active', '--quiet', SERVICE]).ok)
    steps.push({ do: 'run', apply: ['systemctl', 'start', SERVICE], undo: ['systemctl', 'stop', SERVICE] });
  return steps;
}

function configSteps(disk: Disk, config: string, host: HostDns, means: Means, address: string): Step[] {
  const given = (path: string, text: string): Step => ({
    ...place(disk, path, { kind: 'file', text }),
    given: true,
  });
  const rule = follows(disk, host.manager, means) ? uplinkText(address, host.uplinks) : undefined;
  return [
    ...folders(disk, config),
    given(config, hostConfigText(address, host.uplinks, rule !== undefined)),
    ...withoutFolders(folders(disk, UPLINK_RULES), folders(disk, config)),
    ...(rule === undefined ? [] : [given(UPLINK_RULES, rule)]),
  ];
}

/** Does what was planned, looks whether names are answered, and undoes it if not. Returns what was seen. */
export async function install(world: World, wish: Wish, plan: Plan): Promise<string[]> {
  const { disk, means, run } = world;
  const journal: Journal = {
    version: 1,
    state: 'installing',
    manager: plan.host.manager,
    address: plan.address,
    config: wish.config,
    steps: [...plan.service, ...plan.resolver],
  };
  // Before anything is changed where it can be seen before.
  const seen = means.live && plan.service.length === 0 ? await answers(plan) : [];
  writeJournal(disk, journal, true);
  try {
    doAll(disk, plan.service, run);
    if (means.live && plan.service.length > 0) seen.push(...(await answers(plan)));
    doAll(disk, plan.resolver, run);
    if (means.live) {
      const socket = plan.socket ?? mustRead(disk.at(wish.config)).socket;
      seen.push(...(await verifyLookUps({ socket, names: wish.names, programs: wish.probes })));
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    rollBack(disk, journal, run, error);
  }
  writeJournal(disk, { ...journal, state: 'installed' }, false);
  return seen;
}

function answers({ address, host }: Plan): Promise<string[]> {
  return verifyAnswers(address, host.uplinks);
}

function doAll(disk: Disk, steps: readonly Step[], run: Runner): void {
  for (const step of steps) {
    try {
      apply(disk, step, run);
    } catch (error) {
      throw step.do !== 'run' && isDiskFault(error) ? diskError(error, step.path) : error;
    }
  }
}

function isDiskFault(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function rollBack(disk: Disk, journal: Journal, run: Runner, cause: CliError): never {
  let remarks: Remark[];
  try {
    remarks = undoAll(disk, journal, run);
  } catch (error) {
    throw new CliError(
      `${cause.message} (${cause.remedy}); and not all could be undone: ${(error as Error).message}`,
      'see to that, and run `causeway uninstall-host`',
    );
  }
  const undone = remarks.length === 0 ? 'everything is as it was' : remarks.join('; ');
  throw new CliError(`${cause.message}; ${undone}`, cause.remedy);
}

/**
 * Brings the search list up to what the files of the rules folder say, and both it and the servers to what the network
 * has by now. Returns the files that it changed.
 */
export async function update({ disk, means, run }: World): Promise<string[]> {
  const journal = readJournal(disk);
  if (journal?.state !== 'installed')
    throw journal === undefined
      ? new CliError('this host does not ask Causeway', 'run `causeway install-host` first')
      : installed(journal);
  const { socket, search } = mustRead(disk.at(journal.config));
  const asked = { address: journal.address, search };
  const before = (path: string): string =>
    disk.read(disk.has(savedName(path)) ? savedName(path) : COPY) ?? '';
  const told = toldBy(disk, journal.manager);
  const host = { ...detect(disk), resolvConf: told ?? parseResolvConf(before(RESOLV_CONF)) };
  const texts = new Map(searchTexts(journal.manager, host, asked, before));
  // A network that is down has no servers, and the next one may be the same.
  const uplinks = uplinkText(journal.address, told?.nameservers ?? []);
  if (uplinks !== undefined) texts.set(UPLINK_RULES, uplinks);
  const steps = journal.steps.map((step) => updated(disk, step, texts));
  const changed = steps.filter((step, i): step is Place | Write => step !== journal.steps[i]);
  if (changed.length === 0) return [];
  writeJournal(disk, { ...journal, steps }, false);
  for (const step of changed) replace(disk, step);
  // The command that has a file read again stands behind it.
  for (const [i, step] of steps.entries())
    if (step.do === 'run' && i > 0 && steps[i - 1] !== journal.steps[i - 1]) apply(disk, step, run);
  writeJournal(disk, { ...journal, steps: steps.map(settled) }, false);
  const paths = changed.map(({ path }) => path);
  if (means.live && paths.includes(UPLINK_RULES)) await reload(socket);
  return paths;
}

/** A daemon that does not run reads its rules when it is started. */
async function reload(socket: string): Promise<void> {
  try {
    const { applied, errors } = await ask<ReloadReport>(socket, 'POST', '/reload');
    if (!applied) throw new CliError(`the configuration has errors: ${errors[0]}`, 'see `causeway check`');
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
  }
}

function updated(disk: Disk, step: Step, texts: ReadonlyMap<string, string>): Step {
  if ((step.do !== 'place' && step.do !== 'write') || step.after.kind !== 'file') return step;
  const text = texts.get(step.path);
  // One that was interrupted may have come to the journal, and not to the file.
  if (text === undefined || (text === step.after.text && step.former === undefined)) return step;
  if (progressOf(disk, step) !== 'done') {
    if (step.do === 'place' && step.given) return step;
    throw new CliError(`${step.path} was changed by someone else since`, 'see `causeway doctor`');
  }
  return { ...step, former: step.after, after: { kind: 'file', text } };
}

function settled(step: Step): Step {
  if (step.do !== 'place' && step.do !== 'write') return step;
  const { former: _, ...rest } = step;
  return rest;
}

/** A step as a person reads it. */
export function stepText(step: Step): string | undefined {
  switch (step.do) {
    case 'folder':
      return `make ${step.path}`;
    case 'place':
      return `${step.before.kind === 'nothing' ? 'write' : 'replace'} ${step.path}`;
    case 'write':
      return `write into ${step.path}, which is a mount point`;
    case 'run':
      return step.apply === undefined ? undefined : `run ${step.apply.join(' ')}`;
    default:
      return step satisfies never;
  }
}

/** The path of a configuration that a user names, as the host knows it. */
export function configPath(named: string | undefined, cwd: string): string {
  return named === undefined ? CONFIG_SYSTEM : resolve(cwd, named);
}

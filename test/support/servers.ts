/**
 * Debian's NSD, Knot and Unbound as peers of end-to-end tests: real servers that nobody here wrote, each on a
 * loopback address with a configuration generated into a temporary folder, in the foreground, as the user who
 * runs the tests, without control channel. `start…` resolves when the server answers (for zones: with the SOA).
 *
 *     const nsd = await startNsd({ zones: { 'corp.example.': '@ 300 SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1' } });
 *     t.teardown(() => nsd.stop());
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'dns-packet';
import { freePort } from './ports.ts';
import { findTool } from './tools.ts';

export interface DnsServer {
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  /** Configuration, zone files and log; removed by `stop`. */
  readonly folder: string;
  /** What the server has logged so far. */
  log(): string;
  /** Freezes the server: packets reach its sockets and are not answered until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends this process (and nothing else), waits until it is gone and removes its folder. Idempotent. */
  stop(): Promise<void>;
}

interface Listen {
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default: a free one. */
  readonly port?: number;
}

export interface AuthoritativeOptions extends Listen {
  /** Zone name → zone file text. `$ORIGIN` is the zone's name and `$TTL` 300 unless the text says otherwise. */
  readonly zones: Readonly<Record<string, string>>;
  /** More lines for the `server` section of the configuration. */
  readonly extra?: readonly string[];
}

export type Upstream = string | { readonly address: string; readonly port: number };

export interface UnboundOptions extends Listen {
  /** Zone name → servers asked with RD=1: `{ '.': [nsd] }` or `{ '.': ['192.0.2.1@53'] }`. */
  readonly forward?: Readonly<Record<string, readonly Upstream[]>>;
  /** Zone name → authoritative servers, asked with RD=0. */
  readonly stub?: Readonly<Record<string, readonly Upstream[]>>;
  /** Records in presentation format. */
  readonly localData?: readonly string[];
  /** More lines for the `server:` section. */
  readonly extra?: readonly string[];
}

/** Why tests with these programs cannot run here, for tap's `skip` option; false where all are installed. */
export function missing(...programs: string[]): string | false {
  const absent = programs.filter((program) => findTool(program) === undefined);
  return absent.length === 0 ? false : `not installed: ${absent.join(', ')}`;
}

export function startNsd(options: AuthoritativeOptions): Promise<DnsServer> {
  return start(options, {
    program: 'nsd',
    args: (folder) => ['-d', '-c', join(folder, 'conf')],
    config: (folder, address, port) => {
      const zones = writeZones(folder, options.zones).map(
        ({ name, file }) =>
          `zone:\n  name: "${name}"\n  zonefile: "${file}"\n  provide-xfr: 0.0.0.0/0 NOKEY\n`,
      );
      return [
        'server:',
        `  ip-address: ${address}@${port}`,
        '  username: ""\n  database: ""\n  pidfile: ""\n  xfrdfile: ""\n  server-count: 1\n  rrl-ratelimit: 0',
        `  zonesdir: "${folder}"\n  xfrdir: "${folder}"\n  zonelistfile: "${folder}/zone.list"`,
        `  logfile: "${folder}/log"\n  verbosity: 1`,
        ...(options.extra ?? []).map((line) => `  ${line}`),
        'remote-control:\n  control-enable: no',
        ...zones,
      ].join('\n');
    },
    ready: (address, port) => servesZones(address, port, options.zones),
  });
}

export function startKnot(options: AuthoritativeOptions): Promise<DnsServer> {
  return start(options, {
    program: 'knotd',
    args: (folder) => ['-c', join(folder, 'conf')],
    config: (folder, address, port) => {
      const zones = writeZones(folder, options.zones).map(
        ({ name, file }) => `  - domain: "${name}"\n    file: "${file}"`,
      );
      return [
        'server:',
        `  listen: "${address}@${port}"\n  rundir: "${folder}"`,
        '  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1',
        ...(options.extra ?? []).map((line) => `  ${line}`),
        `log:\n  - target: "${folder}/log"\n    any: info`,
        `database:\n  storage: "${folder}/db"`,
        'acl:\n  - id: transfer\n    action: transfer',
        `template:\n  - id: default\n    storage: "${folder}"\n    acl: transfer`,
        '    journal-content: none\n    zonefile-sync: -1',
        'zone:',
        ...zones,
        '',
      ].join('\n');
    },
    ready: (address, port) => servesZones(address, port, options.zones),
  });
}

export function startUnbound(options: UnboundOptions): Promise<DnsServer> {
  return start(options, {
    program: 'unbound',
    args: (folder) => ['-d', '-p', '-c', join(folder, 'conf')],
    config: (folder, address, port) => {
      const forward = Object.entries(options.forward ?? {});
      const stub = Object.entries(options.stub ?? {});
      // Unbound answers test., home.arpa. and the private reverse zones by itself unless told not to.
      const opened = [...forward, ...stub].filter(([name]) => name !== '.');
      return [
        'server:',
        `  interface: ${address}\n  port: ${port}\n  directory: "${folder}"\n  logfile: "${folder}/log"`,
        '  username: ""\n  chroot: ""\n  pidfile: ""\n  use-syslog: no\n  do-daemonize: no\n  num-threads: 1',
        '  access-control: 127.0.0.0/8 allow\n  access-control: ::1 allow\n  do-not-query-localhost: no',
        '  module-config: "iterator"\n  target-fetch-policy: "0 0 0 0 0"\n  log-queries: yes',
        ...opened.map(([name]) => `  local-zone: "${name}" nodefault`),
        ...(options.localData ?? []).map((record) => `  local-data: '${record}'`),
        ...(options.extra ?? []).map((line) => `  ${line}`),
        'remote-control:\n  control-enable: no',
        ...forward.map(([name, targets]) => clause('forward-zone', 'forward-addr', name, targets)),
        ...stub.map(([name, targets]) => clause('stub-zone', 'stub-addr', name, targets)),
        '',
      ].join('\n');
    },
    ready: async (address, port) => (await ask(address, port, 'localhost')) !== undefined,
  });
}

function clause(section: string, option: string, name: string, targets: readonly Upstream[]): string {
  const lines = targets.map(
    (to) => `  ${option}: ${typeof to === 'string' ? to : `${to.address}@${to.port}`}`,
  );
  return [`${section}:`, `  name: "${name}"`, ...lines].join('\n');
}

function writeZones(
  folder: string,
  zones: Readonly<Record<string, string>>,
): { name: string; file: string }[] {
  return Object.entries(zones).map(([name, text], i) => {
    const file = join(folder, `${i}.zone`);
    writeFileSync(file, `$ORIGIN ${name}\n$TTL 300\n${text}\n`);
    return { name, file };
  });
}

/** How a server is run. */
export interface Recipe {
  readonly program: string;
  /** Beside the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  args(folder: string, address: string, port: number): string[];
  /** The text of its file `conf`. */
  config(folder: string, address: string, port: number): string;
  ready(address: string, port: number): Promise<boolean>;
}

/** A port found free may be taken before the server binds it, so a server that ends at once is started again. */
const STARTS_MAX = 3;
const READY_MS_MAX = 60_000;
const POLL_MS = 20;
const STOP_MS_MAX = 30_000;

/** Starts what a recipe tells of; other servers than those above have theirs elsewhere. */
export async function start(listen: Listen, recipe: Recipe): Promise<DnsServer> {
  const address = listen.address ?? '127.0.0.1';
  for (let tries = 1; ; tries++) {
    const server = launch(recipe, address, listen.port ?? (await freePort(address)));
    if (await answers(server, recipe)) return server;
    const report = `${recipe.program} does not answer on ${address}#${server.port}\n${server.log()}`;
    const ended = server.ended();
    await server.stop();
    if (!ended || listen.port !== undefined || tries === STARTS_MAX) throw new Error(report);
  }
}

async function answers(server: Launched, recipe: Recipe): Promise<boolean> {
  for (const end = Date.now() + READY_MS_MAX; Date.now() < end && !server.ended(); await sleep(POLL_MS))
    if (await recipe.ready(server.address, server.port)) return !server.ended();
  return false;
}

interface Launched extends DnsServer {
  ended(): boolean;
}

function launch(recipe: Recipe, address: string, port: number): Launched {
  const program = findTool(recipe.program);
  if (program === undefined) throw new Error(`${recipe.program} is not installed`);
  const folder = mkdtempSync(join(tmpdir(), `causeway-${recipe.program}-`));
  writeFileSync(join(folder, 'conf'), recipe.config(folder, address, port));
  // The kernel ends the server should the test die without teardown; its own group keeps its children together.
  const setpriv = findTool('setpriv');
  const command = [
    ...(setpriv ? [setpriv, '--pdeathsig', 'TERM'] : []),
    program,
    ...recipe.args(folder, address, port),
  ];
  const child = spawn(command[0]!, command.slice(1), {
    cwd: folder,
    env: { ...process.env, ...recipe.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.unref();
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')));
    (stream as unknown as { unref(): void }).unref();
  }
  child.on('error', (error) => (output += String(error)));
  const ended = (): boolean =>
    child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const signal = (name: NodeJS.Signals): void => {
    if (!ended()) process.kill(-child.pid!, name);
  };
  const cleanUp = (): void => {
    signal('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  return {
    address,
    port,
    pid: child.pid ?? 0,
    folder,
    ended,
    log: () => output + readLog(folder),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    stop: async () => {
      process.off('exit', cleanUp);
      signal('SIGCONT');
      if (!ended()) await end(child);
      cleanUp();
    },
  };
}

/** SIGTERM to the server alone (NSD ends its own children), SIGKILL to its whole group after a while. */
async function end(child: ChildProcess): Promise<void> {
  child.ref();
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  process.kill(child.pid!, 'SIGTERM');
  const hard = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), STOP_MS_MAX);
  await gone;
  clearTimeout(hard);
}

function readLog(folder: string): string {
  try {
    return readFileSync(join(folder, 'log'), 'latin1');
  } catch {
    return '';
  }
}

async function servesZones(
  address: string,
  port: number,
  zones: Readonly<Record<string, string>>,
): Promise<boolean> {
  const names = Object.keys(zones);
  if (names.length === 0) return (await ask(address, port, '.')) !== undefined;
  for (const name of names) if ((await ask(address, port, name)) !== 'NOERROR') return false;
  return true;
}

const ASK_MS_MAX = 1_000;

/** The rcode of an SOA query by UDP, or undefined when no reply came. */
export function ask(address: string, port: number, name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const done = (rcode?: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(rcode);
    };
    const timer = setTimeout(done, ASK_MS_MAX);
    socket.on('error', () => done());
    socket.on('message', (message) => done((decode(message) as { rcode?: string }).rcode ?? 'UNKNOWN'));
    const question = { name: name === '.' ? '.' : name.replace(/\.$/, ''), type: 'SOA' } as const;
    socket.connect(port, address, () => socket.send(encode({ type: 'query', id: 1, questions: [question] })));
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

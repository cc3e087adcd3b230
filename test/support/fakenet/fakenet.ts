/**
 * A small Internet for end-to-end tests: what `fakenet.py` builds, on loopback addresses and a port of its own, so
 * that neither root nor namespaces are needed. It ends with the test, also where the test dies without teardown.
 *
 *     const net = await startFakenet({ zones: 1500 });
 *     t.teardown(() => net.stop());
 *     await net.check(daemon, ['--lab']);
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../ports.ts';
import { missing } from '../servers.ts';

/** Debian's, which has the modules of Debian's packages. */
const PYTHON = '/usr/bin/python3';
const BASE = '127.53.0.0';
const FIRST_ROOT_SERVER = '127.53.0.1';
const script = (name: string): string => join(import.meta.dirname, name);

export interface Checked {
  /** Lines of truth.tsv that the resolver answered as expected. */
  readonly expected: number;
  /** One line each. */
  readonly different: readonly string[];
}

export interface Fakenet {
  readonly folder: string;
  /** Of all its name servers. */
  readonly port: number;
  readonly hints: string;
  readonly anchors: string;
  /** Who serves the root, `lab.`, and the zones below it whose servers behave. */
  readonly stubs: Readonly<Record<string, readonly { address: string; port: number }[]>>;
  /** Asks a resolver and compares with what the zones are known to hold; `more` are options of check.py. */
  check(server: { readonly port: number }, more: readonly string[]): Promise<Checked>;
  stop(): Promise<void>;
}

/** For tap's `skip` option, as `missing` of support/servers. */
export function fakenetMissing(): string | false {
  const absent = missing('nsd', 'dig', 'python3');
  if (absent !== false) return absent;
  const modules = spawnSync(PYTHON, ['-c', 'import cryptography, dns.message']);
  return modules.status === 0 ? false : 'not installed: python3-cryptography, python3-dnspython';
}

export async function startFakenet(options: { readonly zones: number }): Promise<Fakenet> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-fakenet-'));
  const port = await freePort(FIRST_ROOT_SERVER);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await build(folder, ['--zones', String(options.zones), '--base', BASE, '--port', String(port)]);
    const up = await run(folder);
    return {
      folder,
      port,
      hints: join(folder, 'named.root'),
      anchors: join(folder, 'root.key'),
      stubs: readStubs(folder, port),
      check: (server, more) => check(folder, server.port, more),
      stop: async () => {
        await up.down();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function readStubs(folder: string, port: number): Fakenet['stubs'] {
  const { stubs } = JSON.parse(readFileSync(join(folder, 'net.json'), 'utf8')) as {
    stubs: Record<string, string[]>;
  };
  return Object.fromEntries(
    Object.entries(stubs).map(([zone, list]) => [zone, list.map((address) => ({ address, port }))]),
  );
}

/** Makes the zones in `folder`, with the options of `fakenet.py build`. */
export async function build(folder: string, options: readonly string[]): Promise<void> {
  const { code, output } = await python('fakenet.py', ['build', '--dir', folder, ...options]);
  if (code !== 0) throw new Error(`fakenet.py build: ${output}`);
}

/** Runs one of the scripts to its end. */
export function python(name: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(PYTHON, [script(name), ...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

/** Starts the servers of what was built in `folder`; they end when this process does. */
export async function run(folder: string): Promise<{ down(): Promise<void> }> {
  const child = spawn(PYTHON, [script('fakenet.py'), 'run', '--dir', folder]);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await said(child, /^up in /m);
  return {
    down: () => {
      child.stdin.end();
      return ended;
    },
  };
}

function said(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk) => {
        output += String(chunk);
        if (pattern.test(output)) resolve();
      });
    child.once('exit', () => reject(new Error(`fakenet.py run ended: ${output}`)));
  });
}

async function check(folder: string, port: number, more: readonly string[]): Promise<Checked> {
  const { output } = await python('check.py', ['--dir', folder, '--port', String(port), ...more]);
  const counts = [...output.matchAll(/^(?:lab|ordinary): (\d+) as expected, (\d+) different$/gm)];
  if (counts.length !== 2) throw new Error(`check.py: ${output}`);
  return {
    expected: counts.reduce((sum, [, expected]) => sum + Number(expected), 0),
    different: output.split('\n').filter((line) => line.startsWith('DIFF ')),
  };
}

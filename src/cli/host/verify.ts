import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cryptoPrng } from '../../util/prng.ts';
import { FLAG, rcodeToText } from '../../wire/constants.ts';
import { nameFromText } from '../../wire/name.ts';
import { questionTypeFromText } from '../../wire/rdata/table.ts';
import { CliError } from '../command.ts';
import { askText } from '../daemon.ts';
import { exchange } from '../exchange.ts';
import { LOOPBACK_PORT, pause } from './world.ts';

/** As long as glibc needs for two servers that do not answer, and some. */
const PROGRAM_MS_MAX = 30_000;
/** What has been reloaded may take a moment. */
const TRIES = 3;

/** What a server says to a question. Throws CliError where it is silent. */
export async function rcodeOf(
  server: string,
  name: string,
  type: string,
  tcp: boolean,
  tries = 3,
): Promise<number> {
  const reply = await exchange({
    server,
    port: LOOPBACK_PORT,
    name: nameFromText(name),
    type: questionTypeFromText(type)!,
    flags: FLAG.RD,
    dnssec: false,
    tcp,
    tries,
  });
  return reply.rcode;
}

/**
 * Causeway answers at its address, by both transports, and reaches whom it asks where the servers before did. Throws
 * CliError.
 */
export async function verifyAnswers(address: string, before: readonly string[]): Promise<string[]> {
  const seen: string[] = [];
  for (const tcp of [false, true]) {
    const rcode = await rcodeOf(address, 'localhost.', 'A', tcp);
    if (rcode !== 0)
      throw new CliError(
        `Causeway answers ${rcodeToText(rcode)} at ${address} for localhost`,
        'see `causeway explain localhost` and the access list of the endpoint',
      );
    seen.push(`${address} answers by ${tcp ? 'TCP' : 'UDP'}`);
  }
  const others = before.filter((each) => each !== address);
  const known = await Promise.all(
    others.slice(0, 3).map((server) => rcodeOf(server, '.', 'NS', false, 1).catch(() => undefined)),
  );
  const heard = others.find((_, i) => known[i] === 0);
  if (heard === undefined) return [...seen, 'no server of before answers for the root: not compared'];
  const rcode = await rcodeOf(address, '.', 'NS', false);
  if (rcode !== 0)
    throw new CliError(
      `${heard} knows the root's servers, and Causeway answers ${rcodeToText(rcode)}`,
      'see `causeway explain . NS` and `causeway status`',
    );
  return [...seen, `it reaches whom it asks, as ${heard} does`];
}

/** A program that looks names up as all others of this host do. */
interface Probe {
  readonly what: string;
  readonly command: readonly string[];
}

/** `getent` of the host's libc, and programs that an operator names, which take a name and print addresses. */
function probesOf(programs: readonly string[]): Probe[] {
  const getent = inPath('getent');
  const own =
    getent === undefined ? [] : [{ what: `${libcOf(getent)}, by getent`, command: [getent, 'ahosts'] }];
  const others = programs.map((program) => ({
    what: `${libcOf(program)}, by ${program}`,
    command: [program],
  }));
  if (own.length + others.length > 0) return [...own, ...others];
  throw new CliError('no program `getent` is here to look a name up with', 'name another one with --probe');
}

function inPath(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/bin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => headOf(path) !== '');
}

const HEAD_OCTETS = 4096;

/** By the loader that an executable names. */
export function libcOf(path: string): string {
  const head = headOf(path);
  if (/\/ld-musl-/.test(head)) return 'musl';
  return /\/ld-linux/.test(head) ? 'glibc' : 'libc';
}

function headOf(path: string): string {
  try {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(HEAD_OCTETS);
      return head.toString('latin1', 0, readSync(fd, head));
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

export interface LookUps {
  readonly socket: string;
  /** Names that must have addresses. */
  readonly names: readonly string[];
  readonly programs: readonly string[];
}

/**
 * Names are looked up as by any program of the host: those that are to be found are, and Causeway was asked. Throws
 * CliError.
 */
export async function verifyLookUps({ socket, names, programs }: LookUps): Promise<string[]> {
  const seen: string[] = [];
  for (const probe of probesOf(programs)) {
    const mark = cryptoPrng.below(2 ** 32).toString(16);
    for (const name of [`causeway-${mark}.localhost`, ...names]) found(probe, name);
    // `test.` is answered here (RFC 6761), and by no stub in between.
    await asked(probe, `causeway-${mark}.test`, socket);
    seen.push(`looked up by ${probe.what}`);
  }
  return seen;
}

function found({ what, command }: Probe, name: string): void {
  for (let i = 0; i < TRIES; i++) {
    if (/^(\d+\.\d+\.\d+\.\d+|[0-9a-f:]*:[0-9a-f:.]*)\b/im.test(look(command, name))) return;
    pause();
  }
  throw new CliError(
    `${what}: ${name} is not found`,
    `see \`causeway explain ${name}\` and \`causeway doctor\``,
  );
}

async function asked({ what, command }: Probe, name: string, socket: string): Promise<void> {
  for (let i = 0; i < TRIES; i++) {
    const before = await queriesOf(socket);
    look(command, name);
    if ((await queriesOf(socket)) > before) return;
    pause();
  }
  throw new CliError(
    `${what}: a name was looked up, and Causeway was not asked`,
    'see `hosts:` in /etc/nsswitch.conf, and `causeway doctor`',
  );
}

function look(command: readonly string[], name: string): string {
  const [program, ...words] = command;
  const { stdout } = spawnSync(program!, [...words, name], {
    encoding: 'utf8',
    timeout: PROGRAM_MS_MAX,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return stdout ?? '';
}

async function queriesOf(socket: string): Promise<number> {
  const metrics = await askText(socket, '/metrics');
  const values = [...metrics.matchAll(/^causeway_queries_total\{[^}]*\} (\d+)/gm)];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

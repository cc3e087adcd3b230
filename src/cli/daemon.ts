import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { Fault } from '../view/report.ts';
import { CliError, type Input } from './command.ts';

/** Longest wait for an answer: a reload may load a million records. */
const ANSWER_MS_MAX = 120_000;
/** More than any report; a socket that answers more is not a daemon's. */
const ANSWER_OCTETS_MAX = 256 * 1024 * 1024;

const packageRoot = resolve(import.meta.dirname, '..', '..');
export const CONFIG_NAME = join('config', 'causeway.yaml');
export const CONFIG_SYSTEM = '/etc/causeway/causeway.yaml';
export const SOCKET_NAME = 'control.sock';

/** Configurations that are tried when none is named, the first that is there counts. */
export function configCandidates(cwd: string): string[] {
  return [...new Set([join(cwd, CONFIG_NAME), join(packageRoot, CONFIG_NAME), CONFIG_SYSTEM])];
}

/** The file that --config names, or the first default that is there, or none. */
export function configFor(named: string | undefined, cwd: string): string | undefined {
  if (named === undefined) return configCandidates(cwd).find((path) => existsSync(path));
  const path = resolve(cwd, named);
  if (existsSync(path)) return path;
  throw new CliError(`no configuration at ${named}`, 'name an existing file with --config');
}

/** The same, where one is needed. */
export function findConfig(named: string | undefined, cwd: string): string {
  const found = configFor(named, cwd);
  if (found !== undefined) return found;
  throw new CliError(`no configuration at ${configCandidates(cwd).join(' or ')}`, 'name one with --config');
}

/** What the client needs of a configuration, read leniently: the daemon's own checks are not its business. */
export interface ConfigGlance {
  readonly state: string;
  readonly logLevel: string | undefined;
  readonly workers: number;
  /** `address:port` of the first inbound endpoint, if any. */
  readonly listen: string | undefined;
}

export function glance(path: string): ConfigGlance {
  let document: unknown;
  try {
    document = parseDocument(readFileSync(path, 'utf8')).toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new CliError(`${path}: ${(error as Error).message.split('\n')[0]}`, 'see `causeway check`');
  }
  const state = at(document, 'node', 'state');
  const logLevel = at(document, 'node', 'logLevel');
  const workers = at(document, 'node', 'workers');
  const listen = at(document, 'endpoints', 'inbound', 0, 'listen', 0);
  return {
    state: stateFolder(path, typeof state === 'string' ? state : undefined),
    logLevel: typeof logLevel === 'string' ? logLevel : undefined,
    workers: Number.isInteger(workers) ? Number(workers) : availableParallelism(),
    listen: typeof listen === 'string' ? listen : undefined,
  };
}

function at(value: unknown, ...path: (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}

function stateFolder(config: string, named: string | undefined): string {
  return resolve(dirname(config), named ?? 'state');
}

/** The control socket that --socket names, or that of the daemon of --config. */
export function socketOf(input: Input, cwd: string): string {
  const named = input.text('socket');
  if (named !== undefined) return resolve(cwd, named);
  return join(glance(findConfig(input.text('config'), cwd)).state, SOCKET_NAME);
}

/** Asks the daemon behind a control socket; `body` is sent as JSON. Throws CliError with what would help. */
export async function ask<T>(
  socket: string,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<T> {
  const { status, text } = await exchange(socket, method, path, body);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new CliError(
      `${socket} answers, but not as a daemon does`,
      'name its control socket with --socket',
    );
  }
  if (status < 400) return answer as T;
  const fault = answer as Partial<Fault>;
  throw new CliError(fault.error ?? `the daemon answers ${status}`, fault.remedy ?? "see the daemon's log");
}

/** What the daemon says in text: its metrics. Throws CliError. */
export async function askText(socket: string, path: string): Promise<string> {
  const { status, text } = await exchange(socket, 'GET', path, undefined);
  if (status < 400) return text;
  throw new CliError(`the daemon answers ${status}`, "see the daemon's log");
}

async function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; text: string }> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = payload === undefined ? {} : { 'content-type': 'application/json' };
  // `serve` reads the configuration by this file, and has no use for HTTP; see control/http for why it is no import.
  const { request } = process.getBuiltinModule('node:http');
  return new Promise((done, fail) => {
    const outgoing = request(
      { socketPath, method, path, headers, agent: false, timeout: ANSWER_MS_MAX },
      (reply) => {
        const chunks: Buffer[] = [];
        let octets = 0;
        reply.on('data', (chunk: Buffer) => {
          octets += chunk.length;
          if (octets > ANSWER_OCTETS_MAX) reply.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        reply.on('error', (error) => fail(connectionError(socketPath, error)));
        reply.on('end', () =>
          done({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', (error) => fail(connectionError(socketPath, error)));
    outgoing.end(payload);
  });
}

/** Nobody listens at the control socket. */
export class NoDaemonError extends CliError {}

function connectionError(socket: string, error: NodeJS.ErrnoException): CliError {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new NoDaemonError(
        `no daemon answers at ${socket}`,
        'start it with `npm start` or name its socket with --socket',
      );
    case 'EACCES':
    case 'EPERM':
      return new CliError(`${socket} is not open to this user`, "run as the daemon's user, or as root");
    default:
      return new CliError(`${socket}: ${error.message}`, "see the daemon's log");
  }
}

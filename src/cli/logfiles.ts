import { logPath } from '../control/compile/logs.ts';
import { loadConfig } from '../control/config/load.ts';
import { durationMs, instantMs } from '../control/config/setting.ts';
import { archivesOf } from '../control/logs/archive.ts';
import { unreachable } from '../util/assert.ts';
import { systemClock } from '../util/clock.ts';
import { CliError, type Input, usageError } from './command.ts';
import { findConfig } from './daemon.ts';
import type { LogFormat } from './logline.ts';

/** The files of query logs, as the configuration names them: no daemon is asked. */
export interface LogSource {
  readonly id: string;
  readonly format: LogFormat;
  /** Absolute. */
  readonly path: string;
}

/** The logs that are files, or the one with this id. Throws CliError. */
export function logSources(input: Input, cwd: string, id: string | undefined): LogSource[] {
  const file = findConfig(input.text('config'), cwd);
  const { config } = loadConfig(file);
  if (config === undefined) throw new CliError(`${file} has errors`, 'see `causeway check`');
  const { logs, stateFolder } = config;
  const wanted = logs.filter((log) => (id === undefined ? log.to.kind === 'file' : log.id === id));
  if (wanted.length === 0 && id === undefined)
    throw new CliError(`${file} has no query log in a file`, 'add one to logs');
  if (wanted.length === 0)
    throw new CliError(
      `no log has the id "${id}"`,
      `there are ${logs.map((log) => log.id).join(', ') || 'none'}`,
    );
  return wanted.flatMap(({ id, format, to }) => {
    switch (to.kind) {
      case 'file':
        // What goes to files are lines: the check of the configuration sees to it.
        return format === 'dnstap' ? [] : { id, format, path: logPath(to.path, stateFolder) };
      case 'stdout':
        throw new CliError(`the log "${id}" is the daemon's standard output`, 'look where that goes');
      case 'dnstap':
      case 'syslog':
      case 'http':
        throw new CliError(`the log "${id}" is in no file`, 'ask whoever receives it');
      default:
        return unreachable(to);
    }
  });
}

/** Files of a log that were put aside, the oldest first, by the names that they have before they are compressed. Throws CliError. */
export function asideOf({ path }: LogSource): string[] {
  try {
    // While one is compressed it is there twice.
    return [...new Set(archivesOf(path).map((file) => file.replace(/\.gz$/, '')))];
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw unreadable(path, error);
  }
}

/** When a file got its name, `….20260309T081402.113Z`: all that is in it was answered before. */
export function putAsideAt(path: string, file: string): number {
  const [, date = '', hour, minute, second, ms] =
    /^\.(\d{8})T(\d\d)(\d\d)(\d\d)\.(\d{3})/.exec(file.slice(path.length)) ?? [];
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return instantMs(`${day}T${hour}:${minute}:${second}.${ms}Z`) ?? Number.POSITIVE_INFINITY;
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

export function unreadable(path: string, error: unknown): CliError {
  return new CliError(`${path}: ${(error as Error).message}`, "run as the daemon's user, or as root");
}

/** Milliseconds since 1970 of the time in a line; one that cannot be read is before all others. */
export function wallOf(time: string): number {
  return instantMs(time) ?? Number.NEGATIVE_INFINITY;
}

/** `2h` is two hours ago. Milliseconds since 1970. Throws CliError. */
export function readTime(option: string, text: string): number {
  const ago = durationMs(text);
  const ms = ago === undefined ? instantMs(text) : systemClock.wall() - ago;
  if (ms !== undefined) return ms;
  throw usageError(
    'log',
    `--${option} is ${JSON.stringify(text)}; it is 2026-12-31T18:00Z, or 2h for two hours ago`,
  );
}

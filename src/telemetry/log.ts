import { pino } from 'pino';
import type { Clock } from '../util/clock.ts';
import { isoFromWall, LOG_LEVEL_VARIABLE, printable, printableJson } from './text.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type LogFormat = 'json' | 'text';

/** What every thread logs with: fields first, then a sentence without a final stop. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  fatal(fields: LogFields, message: string): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface LogOptions {
  /** Which thread speaks: `main`, `control`, `worker 0`. */
  readonly thread: string;
  /** By default what the environment says, else `info`. */
  readonly level?: LogLevel;
  /** By default text when the standard error output is a terminal, else JSON. */
  readonly format?: LogFormat;
  /** Where lines go, each with its line feed; by default to the standard error output. */
  readonly write?: (line: string) => void;
  readonly clock?: Pick<Clock, 'wall'>;
}

/**
 * A logger that writes one line for each call to the standard error output. In a worker thread Node carries
 * the lines to the main thread, which writes them: a reader that stalls never blocks a worker.
 */
export function createLogger(options: LogOptions): Logger {
  const format = options.format ?? (process.stderr.isTTY ? 'text' : 'json');
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const colour = format === 'text' && process.stderr.isTTY && !process.env['NO_COLOR'];
  const clock = options.clock;
  return pino(
    {
      level: options.level ?? levelFromEnvironment() ?? 'info',
      base: { thread: options.thread },
      formatters: { level: (level) => ({ level }) },
      timestamp: clock === undefined ? pino.stdTimeFunctions.isoTime : () => `,"time":"${isoTime(clock)}"`,
      serializers: { err: pino.stdSerializers.err },
    },
    {
      write: (line) =>
        write(format === 'json' ? printableJson(line.trimEnd()) + '\n' : textLine(line, colour)),
    },
  );
}

function isoTime(clock: Pick<Clock, 'wall'>): string {
  return isoFromWall(clock.wall());
}

const LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] satisfies LogLevel[];

function levelFromEnvironment(): LogLevel | undefined {
  const level = process.env[LOG_LEVEL_VARIABLE] ?? '';
  return LEVELS.includes(level) ? (level as LogLevel) : undefined;
}

const LEVEL_COLOUR: Readonly<Record<string, string>> = {
  debug: '\x1b[2m',
  info: '\x1b[32m',
  warn: '\x1b[33m',
  error: '\x1b[31m',
  fatal: '\x1b[31m',
};

/** `12:03:04.123 info  main: listening  endpoint=in-1 address=127.0.0.1:5353` */
function textLine(json: string, colour: boolean): string {
  const { level, time, thread, msg, err, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const error = (err as { stack?: string } | undefined)?.stack;
  const name = String(level).padEnd(5);
  const shown = colour ? `${LEVEL_COLOUR[String(level)] ?? ''}${name}\x1b[0m` : name;
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)}`);
  const parts = [`${printable(String(msg))}`, ...pairs].join('  ');
  const stack =
    error === undefined
      ? ''
      : error
          .split('\n')
          .map((line) => `\n    ${printable(line)}`)
          .join('');
  return `${String(time).slice(11, 23)} ${shown} ${String(thread)}: ${parts}${stack}\n`;
}

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return /[\s"]/.test(text) && typeof value === 'string' ? JSON.stringify(printable(text)) : printable(text);
}

/** One line for each kind of event in that time: an attack must not fill the disk. */
const SAME_EVENT_MS = 10_000;
/** Kinds of events told apart; beyond, the oldest is forgotten and may speak again early. */
const EVENTS_MAX = 256;

/** Tells whether an event is to be logged now, and how many like it were not logged since the last that was. */
export class LogLimit {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #events = new Map<string, { at: number; suppressed: number }>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** @returns the number of suppressed events, or undefined where this one is to be suppressed too */
  admit(event: string): number | undefined {
    const now = this.#clock.now();
    const known = this.#events.get(event);
    if (known !== undefined && now - known.at < SAME_EVENT_MS) {
      known.suppressed++;
      return undefined;
    }
    this.#events.delete(event);
    this.#events.set(event, { at: now, suppressed: 0 });
    if (this.#events.size > EVENTS_MAX) this.#events.delete(this.#events.keys().next().value!);
    return known?.suppressed ?? 0;
  }
}

import { parseArgs } from 'node:util';

/** Where a command reads from and writes to: the terminal, or a test. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly colour: boolean;
  readonly cwd: string;
}

export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  /** What stands for the value in the usage: `FILE`. */
  readonly value?: string;
  /** It may be given several times. */
  readonly multiple?: boolean;
  readonly help: string;
}

/** One command: its file holds this and nothing else is needed to add one but a line in main.ts. */
export interface Command {
  readonly name: string;
  /** After `causeway NAME`. */
  readonly usage: string;
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** At least one, whole lines. */
  readonly examples: readonly string[];
  /** Returns the exit code. Throws CliError for what the user can mend. */
  run(input: Input, io: Io): Promise<number>;
}

/** The words after the command, parsed. */
export interface Input {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  /** All values of an option that may be given several times. */
  texts(name: string): readonly string[];
}

/** An error on one line: what is wrong, and what to do about it. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly remedy: string;
  readonly exitCode: number;
  constructor(message: string, remedy: string, exitCode = 1) {
    super(message);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** Wrong words on the command line. */
export const EXIT_USAGE = 2;

export function usageError(command: string, message: string): CliError {
  return new CliError(message, `see \`causeway ${command} --help\``, EXIT_USAGE);
}

/** Options of every command that speaks to a daemon. */
export const DAEMON_OPTIONS = {
  config: { type: 'string', value: 'FILE', help: 'the configuration whose daemon is meant' },
  socket: { type: 'string', value: 'PATH', help: "the daemon's control socket, instead of --config" },
  json: { type: 'boolean', help: 'print JSON' },
} as const satisfies Record<string, OptionSpec>;

export function parseInput(command: Command, args: readonly string[]): Input {
  const options: Record<string, { type: 'boolean' | 'string'; short?: string; multiple?: boolean }> = {
    help: { type: 'boolean', short: 'h' },
  };
  for (const [name, { type, short, multiple = false }] of Object.entries(command.options))
    options[name] = short === undefined ? { type, multiple } : { type, short, multiple };
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
    return {
      positionals,
      flag: (name) => values[name] === true,
      text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
      texts: (name) => (Array.isArray(values[name]) ? (values[name] as string[]) : []),
    };
  } catch (error) {
    // Node adds a hint on `--` after the first sentence.
    const message = (error as Error).message.split(/\. (?=To specify)/)[0]!.replace(/\.$/, '');
    throw usageError(command.name, message.charAt(0).toLowerCase() + message.slice(1));
  }
}

/** A whole number in the range, or a CliError. */
export function wholeNumber(command: string, name: string, text: string, low: number, high: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  throw usageError(command, `${name} is ${JSON.stringify(text)}; it is a number from ${low} to ${high}`);
}

export function helpText(command: Command): string {
  const rows = Object.entries({
    ...command.options,
    help: { type: 'boolean', short: 'h', help: 'show this' } as OptionSpec,
  }).map(([name, { short, value, help }]) => {
    const left = `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
    return { left, help };
  });
  const width = Math.max(...rows.map(({ left }) => left.length));
  const lines = rows.map(({ left, help }) => `  ${left.padEnd(width)}  ${help}`);
  const examples = command.examples.map((example) => `  ${example}`);
  const usage = `causeway ${command.name}${command.usage === '' ? '' : ` ${command.usage}`}`;
  return [
    `${usage}\n`,
    `${command.summary}\n`,
    'Options:',
    ...lines,
    `\nExample${examples.length > 1 ? 's' : ''}:`,
    ...examples,
    '',
  ].join('\n');
}

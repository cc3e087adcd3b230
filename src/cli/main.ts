import { printable } from '../telemetry/text.ts';
import { CliError, type Command, EXIT_USAGE, helpText, type Io, parseInput } from './command.ts';

interface Entry {
  readonly name: string;
  readonly summary: string;
  /** Loaded when it is called for: `causeway check` does not wait for what `query` needs. */
  load(): Promise<{ command: Command }>;
}

/** The commands, in the order in which help shows them. A new one is a file and a line here. */
export const COMMANDS: readonly Entry[] = [
  { name: 'serve', summary: 'run the daemon', load: () => import('./serve.ts') },
  { name: 'check', summary: 'check a configuration without serving it', load: () => import('./check.ts') },
  {
    name: 'status',
    summary: 'show workers, endpoints, views, targets, caches',
    load: () => import('./status.ts'),
  },
  {
    name: 'explain',
    summary: 'show how a question is answered, and why',
    load: () => import('./explain.ts'),
  },
  {
    name: 'what-if',
    summary: 'show what a change or an outage would do to answers',
    load: () => import('./whatif.ts'),
  },
  { name: 'anchors', summary: 'show what DNSSEC validation trusts', load: () => import('./anchors.ts') },
  { name: 'health', summary: 'show health checks and what they saw', load: () => import('./health.ts') },
  {
    name: 'routing-control',
    summary: 'show or set routing controls',
    load: () => import('./routing-control.ts'),
  },
  { name: 'geo', summary: 'show where a client is', load: () => import('./geo.ts') },
  { name: 'cache', summary: 'show or flush what is cached', load: () => import('./cache.ts') },
  { name: 'top', summary: 'show what is asked most, and who asks', load: () => import('./top.ts') },
  { name: 'log', summary: 'show or search logs of queries', load: () => import('./log.ts') },
  { name: 'keys', summary: 'make, list or delete access keys of the APIs', load: () => import('./keys.ts') },
  { name: 'vpc', summary: 'make, list or delete VPCs', load: () => import('./vpc.ts') },
  { name: 'reload', summary: 'read the configuration again', load: () => import('./reload.ts') },
  { name: 'audit', summary: 'show who changed what', load: () => import('./audit.ts') },
  { name: 'backup', summary: 'copy what was made through the API', load: () => import('./backup.ts') },
  { name: 'restore', summary: 'put a backup in its place', load: () => import('./restore.ts') },
  { name: 'query', summary: 'ask a DNS server', load: () => import('./query.ts') },
  {
    name: 'install-host',
    summary: 'make Causeway the resolver of this host',
    load: () => import('./install-host.ts'),
  },
  { name: 'uninstall-host', summary: 'undo install-host', load: () => import('./uninstall-host.ts') },
  { name: 'doctor', summary: 'explain how this host asks for names', load: () => import('./doctor.ts') },
  {
    name: 'completion',
    summary: 'print a completion script for a shell',
    load: () => import('./completion.ts'),
  },
  { name: 'version', summary: 'print the version', load: () => import('./version.ts') },
];

/** The command line without `node` and the script. Returns the exit code; never throws for what a user did. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    io.err(`causeway: ${printable(error.message)}; ${printable(error.remedy)}\n`);
    return error.exitCode;
  }
}

async function dispatch(args: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = args;
  switch (first) {
    case undefined:
      io.err(overview());
      return EXIT_USAGE;
    case 'help':
    case '--help':
    case '-h':
      return help(rest[0], io);
    case '--version':
    case '-V':
      return run(await commandNamed('version'), rest, io);
    default:
      return run(await commandNamed(first), rest, io);
  }
}

async function run(command: Command, args: readonly string[], io: Io): Promise<number> {
  const input = parseInput(command, args);
  if (input.flag('help')) {
    io.out(helpText(command));
    return 0;
  }
  return command.run(input, io);
}

async function help(name: string | undefined, io: Io): Promise<number> {
  io.out(name === undefined ? overview() : helpText(await commandNamed(name)));
  return 0;
}

async function commandNamed(name: string): Promise<Command> {
  const entry = COMMANDS.find((known) => known.name === name);
  if (entry !== undefined) return (await entry.load()).command;
  const near = COMMANDS.find((known) => known.name.startsWith(name.slice(0, 2)));
  const remedy = near === undefined ? 'see `causeway help`' : `did you mean \`causeway ${near.name}\`?`;
  throw new CliError(`no command ${JSON.stringify(name)}`, remedy, EXIT_USAGE);
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'causeway COMMAND [OPTIONS]\n',
    'A hybrid DNS resolver: private zones per VPC, forwarding rules, one cache.\n',
    'Commands:',
    ...lines,
    '\n`causeway COMMAND --help` shows options and an example.',
    '',
  ].join('\n');
}

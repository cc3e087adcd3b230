/** The manual page causeway(1), made from the commands themselves as their help is. */
import { type Command, helpText } from '../src/cli/command.ts';
import { COMMANDS } from '../src/cli/main.ts';

/** In roff. `date` as 2026-01-31. */
export async function manualText(version: string, date: string): Promise<string> {
  const commands = await Promise.all(COMMANDS.map(async ({ load }) => (await load()).command));
  return [
    `.TH CAUSEWAY 1 ${date} "Causeway ${roff(version)}"`,
    '.SH NAME',
    'causeway \\- hybrid DNS resolver with private zones per VPC',
    '.SH SYNOPSIS',
    '.B causeway',
    '.I COMMAND',
    '[\\fIOPTIONS\\fR]',
    '.SH DESCRIPTION',
    roff(
      'Causeway answers DNS queries of VPCs, which are sets of clients: from private zones, by forwarding rules, and by validating recursion. One daemon serves; the other commands check its configuration, ask it and change it.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(section),
    '.SH FILES',
    ...['/etc/causeway/causeway.yaml', 'The configuration.'].flatMap(tagged),
    ...[
      '/var/lib/causeway',
      'The state: what was made through the APIs, followed keys, logs of queries.',
    ].flatMap(tagged),
    '.SH SEE ALSO',
    '/usr/share/doc/causeway/configuration.md, /usr/share/doc/causeway/operations.md',
    '',
  ].join('\n');
}

function section(command: Command): string[] {
  const [usage = '', ...rest] = helpText(command).trimEnd().split('\n');
  return [`.SS ${roff(usage)}`, ...verbatim(rest)];
}

/** As it stands, for it is laid out already. */
function verbatim(lines: readonly string[]): string[] {
  const first = lines.findIndex((line) => line !== '');
  return ['.nf', ...lines.slice(first).map(roff), '.fi'];
}

function tagged(text: string, index: number): string[] {
  return index === 0 ? ['.TP', `.I ${roff(text)}`] : [roff(text)];
}

/** A line that begins with a dot or a quote would be a request; a bare minus would be a hyphen. */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

import type { Command, Io } from './command.ts';
import { DAEMON_OPTIONS } from './command.ts';
import {
  clashFindings,
  daemonFindings,
  dockerFindings,
  installationFindings,
  loopFindings,
} from './host/around.ts';
import { Disk } from './host/disk.ts';
import { type Facts, gather } from './host/facts.ts';
import type { Finding, Level } from './host/finding.ts';
import { libcFindings } from './host/libc.ts';
import { hostsText } from './host/nsswitch.ts';
import { asksByResolved, causewayAddresses } from './host/own.ts';
import { type Colour, cell, json, paint } from './output.ts';

export const command: Command = {
  name: 'doctor',
  usage: '[--config FILE] [--json]',
  summary:
    'Explains how names are asked on this host, from libc to the last server, and what is wrong with it: search lists, other\nprograms on port 53, loops, Docker. Each finding comes with what would mend it; the exit code is 1 where one is an\nerror.',
  options: DAEMON_OPTIONS,
  examples: ['causeway doctor', 'causeway doctor --json'],
  async run(input, io) {
    const named = { config: input.text('config'), socket: input.text('socket'), cwd: io.cwd };
    const facts = await gather(new Disk('/'), named);
    const findings = diagnose(facts);
    const way = wayOf(facts);
    io.out(input.flag('json') ? json({ way, findings }) : doctorText(way, findings, io));
    return findings.some(({ level }) => level === 'error') ? 1 : 0;
  },
};

const LEVELS: readonly Level[] = ['error', 'warning', 'note', 'fine'];

/** All that there is to say of a host, the worst first. */
export function diagnose(facts: Facts): Finding[] {
  const findings = [
    ...installationFindings(facts),
    ...daemonFindings(facts),
    ...libcFindings(facts),
    ...clashFindings(facts),
    ...loopFindings(facts),
    ...dockerFindings(facts),
  ];
  return LEVELS.flatMap((level) => findings.filter((each) => each.level === level));
}

/** The way of a question, a step a line. */
export function wayOf(facts: Facts): string[] {
  const { host, resolvedUplinks, config } = facts;
  const { nameservers, search } = host.resolvConf;
  const own = causewayAddresses(facts);
  const servers = nameservers.map((each) => (own.includes(each) ? `${each} (Causeway)` : each));
  const behind =
    resolvedUplinks === undefined
      ? []
      : [
          `systemd-resolved: ${resolvedUplinks.join(', ')}${asksByResolved(facts) ? ' (Causeway among them)' : ''}`,
        ];
  const targets = config.kind === 'read' ? config.configured.targets : [];
  const byRule = Map.groupBy(targets, ({ rule, domain }) => `${domain} by rule ${rule}`);
  return [
    `glibc: ${hostsText(host.hosts)}`,
    `/etc/resolv.conf: ${writerOf(facts)}`,
    `libc asks: ${servers.join(', ') || '127.0.0.1'}${search.length === 0 ? '' : `, search ${search.join(' ')}`}`,
    ...behind,
    ...[...byRule].map(
      ([what, list]) =>
        `Causeway asks for ${what}: ${list.map(({ address, port }) => (port === 53 ? address : `${address} port ${port}`)).join(', ')}`,
    ),
  ];
}

function writerOf({ host, installation }: Facts): string {
  if (host.manager !== 'file' || installation.kind !== 'known') return `${host.manager}, as ${host.because}`;
  const { manager } = installation;
  return `written by \`causeway install-host\`${manager === 'file' ? '' : `, in the place of ${manager}`}`;
}

const SHADES: Readonly<Record<Level, readonly [string, Colour]>> = {
  error: ['✗', 'red'],
  warning: ['!', 'yellow'],
  note: ['·', 'dim'],
  fine: ['✓', 'green'],
};

function doctorText(
  way: readonly string[],
  findings: readonly Finding[],
  { colour }: Pick<Io, 'colour'>,
): string {
  const lines = findings.flatMap(({ level, topic, text, mend }) => {
    const [sign, shade] = SHADES[level];
    const head = `${paint(sign, shade, colour)} ${cell(`${topic}: ${text}`).text}`;
    return mend === undefined ? [head] : [head, `    → ${cell(mend).text}`];
  });
  return `${way.map((line) => `${cell(line).text}\n`).join('')}\n${lines.join('\n')}\n`;
}

import type { RoutingControlsReport } from '../view/health.ts';
import { type Command, DAEMON_OPTIONS, type Io, usageError } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { cell, json, number, table } from './output.ts';

export const command: Command = {
  name: 'routing-control',
  usage: '[NAME on|off]...',
  summary: 'Lists the routing controls and safety rules, or sets controls: all that are named, or none.',
  options: { ...DAEMON_OPTIONS },
  examples: [
    'causeway routing-control',
    'causeway routing-control eu off',
    'causeway routing-control us on eu off',
  ],
  async run(input, io) {
    const socket = socketOf(input, io.cwd);
    const states = statesOf(input.positionals);
    const report =
      Object.keys(states).length === 0
        ? await ask<RoutingControlsReport>(socket, 'GET', '/routing-controls')
        : await ask<RoutingControlsReport>(socket, 'POST', '/routing-controls', { states });
    io.out(input.flag('json') ? json(report) : reportText(report, io));
    return 0;
  },
};

function statesOf(words: readonly string[]): Record<string, string> {
  const pairs: [string, string][] = [];
  for (let i = 0; i < words.length; i += 2) {
    const [name, state] = [words[i]!, words[i + 1]];
    if (state !== 'on' && state !== 'off')
      throw usageError('routing-control', `say \`on\` or \`off\` behind ${name}`);
    pairs.push([name, state]);
  }
  return Object.fromEntries(pairs);
}

function reportText({ controls, rules }: RoutingControlsReport, { colour }: Pick<Io, 'colour'>): string {
  if (controls.length === 0) return 'no routing control\n';
  const rows = controls.map(({ name, state }) => [
    cell(name),
    cell(state, state === 'on' ? 'green' : 'yellow'),
  ]);
  const parts = [table(['ROUTING CONTROL', 'STATE'], rows, colour)];
  if (rules.length > 0)
    parts.push(
      table(
        ['SAFETY RULE', 'AT LEAST', 'ON', 'OF'],
        rules.map(({ name, atLeast, on, controls }) => [
          cell(name),
          number(atLeast),
          number(on),
          cell(controls.join(', ')),
        ]),
        colour,
      ),
    );
  return parts.join('\n');
}

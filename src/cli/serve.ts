import { serve } from '../main.ts';
import { CliError, type Command } from './command.ts';
import { findConfig, glance } from './daemon.ts';

export const command: Command = {
  name: 'serve',
  usage: '[--config FILE]',
  summary:
    'Runs the daemon in the foreground. SIGHUP reads the configuration again; SIGTERM and SIGINT end it, after\nwhat is under way.',
  options: { config: { type: 'string', value: 'FILE', help: 'the configuration to serve' } },
  examples: ['causeway serve --config /etc/causeway/causeway.yaml'],
  async run(input, io) {
    const config = findConfig(input.text('config'), io.cwd);
    return serve({ config, ...stateOf(config) });
  },
};

/** The daemon itself says what is wrong with a configuration; until then it needs no state folder. */
function stateOf(config: string): { state?: string } {
  try {
    return { state: glance(config).state };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return {};
  }
}

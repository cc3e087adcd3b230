import { serve } from '../main.ts';
import { LOG_LEVEL_VARIABLE } from '../telemetry/text.ts';
import { CliError, type Command } from './command.ts';
import { type ConfigGlance, findConfig, glance } from './daemon.ts';

export const command: Command = {
  name: 'serve',
  usage: '[--config FILE] [--follow]',
  summary:
    'Runs the daemon in the foreground. SIGHUP reads the configuration again; SIGTERM and SIGINT end it, after\nwhat is under way.',
  options: {
    config: { type: 'string', value: 'FILE', help: 'the configuration to serve' },
    follow: {
      type: 'boolean',
      help: 'read it again whenever the file changes, or its folder as a whole: a ConfigMap',
    },
  },
  examples: ['causeway serve --config /etc/causeway/causeway.yaml'],
  async run(input, io) {
    const config = findConfig(input.text('config'), io.cwd);
    const known = glanceIfReadable(config);
    // What the environment says goes before what the file says.
    if (known?.logLevel !== undefined) process.env[LOG_LEVEL_VARIABLE] ??= known.logLevel;
    return serve({
      config,
      isFollowed: input.flag('follow'),
      ...(known === undefined ? {} : { state: known.state, workers: known.workers }),
    });
  },
};

/** The daemon itself says what is wrong with a configuration; until then it needs nothing of it. */
function glanceIfReadable(config: string): ConfigGlance | undefined {
  try {
    return glance(config);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return undefined;
  }
}

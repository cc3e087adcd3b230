import { CliError, type Command, type Input, type Io, usageError } from './command.ts';
import { detect } from './host/detect.ts';
import { configPath, install, type Plan, planInstall, stepText, update } from './host/install.ts';
import { spareAddress } from './host/listening.ts';
import { hostConfigText } from './host/text.ts';
import { mustBeRoot, type World, worldOf } from './host/world.ts';
import { cell, json, paint } from './output.ts';

export const command: Command = {
  name: 'install-host',
  usage: '[--config FILE] [--dry-run] [--check NAME]... [--root DIR]',
  summary:
    'Makes Causeway the resolver of this host: finds what runs its DNS (systemd-resolved, NetworkManager, resolvconf or\n/etc/resolv.conf alone), has it ask a loopback address on port 53, and looks names up through libc. If that fails all\nis as it was before; `causeway uninstall-host` undoes it at any time.',
  options: {
    config: {
      type: 'string',
      value: 'FILE',
      help: 'the configuration; /etc/causeway/causeway.yaml unless told',
    },
    address: { type: 'string', value: 'ADDRESS', help: 'the loopback address to take' },
    check: { type: 'string', value: 'NAME', multiple: true, help: 'a name that has to be found in the end' },
    probe: {
      type: 'string',
      value: 'PROGRAM',
      multiple: true,
      help: 'another program to look names up with',
    },
    'dry-run': { type: 'boolean', help: 'only say what would be done' },
    'print-config': { type: 'boolean', help: 'only print a configuration for this host' },
    update: {
      type: 'boolean',
      help: 'only bring the search list and the servers up to the rules folder and the network',
    },
    root: { type: 'string', value: 'DIR', help: 'the root folder of an image to install in; nothing is run' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  examples: [
    'causeway install-host --dry-run',
    'causeway install-host --check www.example.com',
    'causeway install-host --root /srv/image',
  ],
  async run(input, io) {
    if (input.positionals.length > 0) throw usageError('install-host', 'it takes options only');
    const world = worldOf(input);
    if (input.flag('print-config')) {
      io.out(hostConfigText(addressFor(input, world), detect(world.disk).uplinks));
      return 0;
    }
    if (input.flag('update')) {
      mustBeRoot(world);
      const changed = await update(world);
      io.out(
        input.flag('json') ? json({ changed }) : changed.map((path) => `${path} is written anew\n`).join(''),
      );
      return 0;
    }
    return installOn(world, input, io);
  },
};

async function installOn(world: World, input: Input, io: Io): Promise<number> {
  if (!input.flag('dry-run')) mustBeRoot(world);
  const wish = {
    config: configPath(input.text('config'), io.cwd),
    address: input.text('address'),
    names: input.texts('check'),
    probes: input.texts('probe'),
  };
  const plan = await planInstall(world, wish);
  if (!input.flag('json')) io.out(planText(plan));
  if (input.flag('dry-run')) {
    if (input.flag('json')) io.out(json(planJson(plan, [])));
    return 0;
  }
  const seen = await install(world, wish, plan);
  if (input.flag('json')) io.out(json(planJson(plan, seen)));
  else {
    for (const each of seen) io.out(`${paint('✓', 'green', io.colour)} ${cell(each).text}\n`);
    io.out(
      world.means.live ? 'this host asks Causeway\n' : 'the image is installed; nothing was looked up\n',
    );
  }
  return 0;
}

function planText({ host, address, service, resolver }: Plan): string {
  const steps = [...service, ...resolver].flatMap((step) => stepText(step) ?? []);
  return [
    `DNS of this host: ${host.manager}, as ${host.because}`,
    `Causeway: ${address}, port 53`,
    ...steps.map((step) => `  ${step}`),
    '',
  ]
    .map((line) => cell(line).text)
    .join('\n');
}

function planJson({ host, address, service, resolver }: Plan, seen: readonly string[]): unknown {
  const steps = [...service, ...resolver].flatMap((step) => stepText(step) ?? []);
  return { manager: host.manager, because: host.because, address, steps, seen };
}

function addressFor(input: Input, world: World): string {
  const address = input.text('address') ?? spareAddress(world.listeners);
  if (address !== undefined) return address;
  throw new CliError('port 53 of all loopback addresses is taken', '`causeway doctor` shows who listens');
}

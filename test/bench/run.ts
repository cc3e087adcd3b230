/** `npm run bench -- SUBCOMMAND [options]`: Causeway beside the resolvers that are installed. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startDaemon } from '../support/daemon.ts';
import { busy } from './busy.ts';
import { cached } from './cached.ts';
import { changes } from './changes.ts';
import { cold } from './cold.ts';
import { firewall } from './firewall.ts';
import { health } from './health.ts';
import { latency } from './latency.ts';
import { logging } from './logging.ts';
import { memory } from './memory.ts';
import { mixed } from './mixed.ts';
import type { Options } from './options.ts';
import { routing } from './routing.ts';
import { scale } from './scale.ts';
import { slowclients } from './slowclients.ts';
import { start } from './start.ts';
import { store } from './store.ts';
import { transports } from './transports.ts';
import { vpcs } from './vpcs.ts';

interface Subcommand {
  readonly about: string;
  readonly run: (options: Options) => Promise<void>;
}

const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  cached: { about: 'answers per second and CPU per answer, all from cache', run: cached },
  mixed: {
    about: 'a million names, mixed types, DO, cookies, random case, a fifth not in the cache',
    run: mixed,
  },
  cold: { about: 'recursion with nothing in the cache, on a small Internet; needs root', run: cold },
  transports: { about: 'from cache by TCP, TLS and HTTPS', run: transports },
  logging: { about: 'from cache with logs of queries', run: logging },
  latency: { about: 'time to the answer at 25, 50 and 75 % of the most', run: latency },
  busy: { about: 'a client by TCP while UDP is saturated, and CPU while nobody asks', run: busy },
  slowclients: { about: 'UDP beside 10,000 connections that never end a query', run: slowclients },
  memory: { about: 'octets per cached answer', run: memory },
  start: { about: 'seconds to the first answer, also from a zone of a million records', run: start },
  health: { about: '2,000 health checks at 10 s on one core', run: health },
  store: { about: 'changes of the store, with a million record sets', run: store },
  firewall: { about: 'a list of 250,000 domains, and what its swap costs those who ask', run: firewall },
  changes: {
    about: 'from a change by the API to the answer that has it; 1,000 to 1,000,000 sets',
    run: changes,
  },
  vpcs: { about: 'from a change by the API to INSYNC, with 10 and 1,000 VPCs', run: vpcs },
  scale: { about: 'one and two workers', run: scale },
  routing: { about: 'names whose answer is chosen by weight, place and health', run: routing },
};

const USAGE = `npm run bench -- SUBCOMMAND [options]

${Object.entries(SUBCOMMANDS)
  .map(([name, { about }]) => `  ${name.padEnd(11)} ${about}`)
  .join('\n')}
  all        all of these, one after the other

  --rounds N      how often each server is measured (default 5)
  --seconds N     how long one measurement takes (default 5)
  --peers A,B     only these of causeway, unbound, dnsdist, pdns_recursor, kresd, named, dnsmasq
  --zones N       zones of the small Internet of \`cold\` (default 10000)
  --write         put the tables into docs/performance.md`;

/** What Node.js made of the sources. */
const compiled = mkdtempSync(join(tmpdir(), 'causeway-compiled-'));
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));

const args = process.argv.slice(2);
const { values, positionals } = parseArgs({
  args,
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    peers: { type: 'string' },
    zones: { type: 'string', default: '10000' },
    write: { type: 'boolean', default: false },
  },
});
const names = positionals[0] === 'all' ? Object.keys(SUBCOMMANDS) : positionals;
if (names.length === 0 || names.some((name) => !(name in SUBCOMMANDS))) {
  console.log(USAGE);
  process.exitCode = names.length === 0 ? 0 : 2;
} else {
  for (const name of names) {
    const options = args.filter((arg) => !positionals.includes(arg));
    await keepCompiled(name !== 'start');
    try {
      await SUBCOMMANDS[name]!.run({
        rounds: positive(values.rounds, '--rounds'),
        seconds: positive(values.seconds, '--seconds'),
        peers: values.peers?.split(','),
        zones: positive(values.zones, '--zones'),
        write: values.write,
        command: ['npm run bench --', name, ...options].join(' '),
      });
    } catch (error) {
      // What one needs and this machine lacks should not keep the others from running.
      console.error(`${name}: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
}

/**
 * Daemons with a state folder of their own start for the very first time, and no other start is like it: types are
 * stripped in the worker, by WebAssembly whose memory moves as it grows. Once memory has moved V8 believes it of all typed
 * arrays, and code that is not from its highest compiler calls a function for the length of each. So one is started, and
 * ended, before those that are measured.
 */
async function keepCompiled(isKept: boolean): Promise<void> {
  if (!isKept) {
    delete process.env['NODE_COMPILE_CACHE'];
    return;
  }
  process.env['NODE_COMPILE_CACHE'] = compiled;
  if (readdirSync(compiled).length > 0) return;
  const daemon = await startDaemon({
    config: `
node: { name: bench, state: ./state, workers: 1, metrics: off }
vpcs: [{ id: vpc-bench, cidrs: [127.0.0.0/8] }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], allow: [127.0.0.0/8] }] }
`,
  });
  await daemon.stop();
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${option} wants a number above 0, not ${text}`);
  return value;
}

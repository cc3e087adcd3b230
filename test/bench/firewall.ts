/** `npm run bench -- firewall`: what a list of 250,000 domains costs, and how long clients wait while it is swapped. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDaemon } from '../support/daemon.ts';
import { type Latency, percentiles } from './latency.ts';
import { LOAD_CORE, type Load, load, pin, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { type Column, compare, median, publish } from './report.ts';
import { HOSTS, hostQuestions, ORIGIN, zoneText } from './zone.ts';

const DOMAINS = 250_000;
/** Blocked names that are asked for. */
const BLOCKED = 1_000;
const SHARE = 0.5;

type Kind = 'no firewall' | 'allowed by the list' | 'blocked by the list';

const domain = (i: number, tld: string): string => `host${i}.blocked${i % 977}.${tld}`;
const listOf = (tld: string): string =>
  Array.from({ length: DOMAINS }, (_, i) => `${domain(i, tld)}\n`).join('');

const configOf = (firewall: string): string => `
node: { name: bench, state: ./state, workers: 1, rateLimit: off, metrics: off }
vpcs: [{ id: v, cidrs: [127.0.0.0/8], firewall: ${firewall} }]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], vpc: v, allow: [127.0.0.0/8] }] }
zones: [{ name: ${ORIGIN}, file: bench.zone, vpcs: [v] }]
firewall:
  lists: [{ id: long, file: long.txt }]
  groups: [{ id: g, rules: [{ priority: 1, list: long, action: block, response: nxdomain }] }]
`;
const ON = '{ groups: [{ group: g, priority: 101 }] }';

interface Answers {
  readonly perSecond: number;
  readonly us: number;
}

const ANSWERS: readonly Column<Answers>[] = [
  { head: 'answers/s', of: ({ perSecond }) => perSecond },
  { head: 'CPU µs an answer', of: ({ us }) => us, digits: 2 },
];
const WAITS: readonly Column<Latency>[] = [
  { head: 'p50 µs', of: ({ p50 }) => p50 },
  { head: 'p99 µs', of: ({ p99 }) => p99 },
  { head: 'p99.9 µs', of: ({ p999 }) => p999 },
];

/** Loads one worker with and without a list, then swaps the list all the time. */
export async function firewall(options: Options): Promise<void> {
  const { rounds, seconds } = options;
  pin(process.pid, LOAD_CORE);
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const [hosts, blocked, log] = ['hosts', 'blocked', 'log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(hosts, hostQuestions());
  writeFileSync(blocked, Array.from({ length: BLOCKED }, (_, i) => `${domain(i, 'one.test')} A\n`).join(''));
  const daemon = await startDaemon({
    config: configOf('{}'),
    files: { 'bench.zone': zoneText(), 'long.txt': listOf('one.test') },
  });
  try {
    const answers = new Map<Kind, Answers[]>();
    const measure = async (kind: Kind, file: string): Promise<void> => {
      await load(daemon, { file, seconds: WARM_SECONDS });
      const all: Load[] = [];
      for (let i = 0; i < rounds; i++) all.push(await load(daemon, { file, seconds }));
      answers.set(
        kind,
        all.map(({ perSecond, userUs, systemUs }) => ({ perSecond, us: userUs + systemUs })),
      );
    };
    await measure('no firewall', hosts);
    daemon.configure(configOf(ON));
    await reload(daemon);
    await measure('allowed by the list', hosts);
    await measure('blocked by the list', blocked);
    const perSecond = SHARE * median(answers.get('allowed by the list')!.map((each) => each.perSecond));
    const waits = new Map<string, Latency[]>([
      ['nothing changes', []],
      ['the list is swapped', []],
    ]);
    const ask = async (kind: string): Promise<void> => {
      await load(daemon, { file: hosts, seconds, perSecond, log });
      waits.get(kind)!.push(percentiles(readFileSync(log, 'latin1')));
    };
    for (let i = 0; i < rounds; i++) {
      writeFileSync(join(folder, `list${i}`), listOf(i % 2 === 0 ? 'two.test' : 'one.test'));
      await ask('nothing changes');
      const asking = ask('the list is swapped');
      await new Promise((resolve) => setTimeout(resolve, (1000 * seconds) / 2));
      // Nothing else of the benchmark is to keep a core busy meanwhile.
      renameSync(join(folder, `list${i}`), join(daemon.folder, 'long.txt'));
      daemon.kill('SIGHUP');
      await asking;
    }
    publish(
      {
        id: 'firewall',
        intro:
          `One worker, ${HOSTS} names of a private zone from cache, and ${BLOCKED} names that a list of ${DOMAINS} domains has, ` +
          `by dnsperf; medians of ${rounds} rounds of ${seconds} s. Below, at ${SHARE * 100} % of the most: how long clients wait ` +
          `in ${seconds} s in which another list of ${DOMAINS} domains is read, compiled and put in force, once.`,
        tables: [compare('Answers', answers, ANSWERS), compare('From query to answer', waits, WAITS)],
        notes: [],
        programs: ['dnsperf'],
      },
      options,
    );
  } finally {
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function reload(daemon: Awaited<ReturnType<typeof startDaemon>>): Promise<void> {
  const { code, stderr } = await daemon.cli('reload');
  if (code !== 0) throw new Error(`reload: ${stderr}`);
}

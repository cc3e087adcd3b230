/**
 * `npm run bench`: answers from cache, Causeway beside Unbound, interleaved rounds of one dnsperf each, printed as
 * medians and ratios with the CPU time per answer. The load runs on the other core where there are two.
 *
 *     npm run bench [-- --rounds 5 --seconds 5 --names 1000]
 *     npm run bench -- cold [--rounds 5 --zones 10000]      recursion with nothing in the cache: see cold.ts
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startDaemon } from '../support/daemon.ts';
import { missing, startNsd, startUnbound } from '../support/servers.ts';
import { cold } from './cold.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    zones: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    names: { type: 'string', default: '1000' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const names = Number(values.names);

/** Clock ticks per second of /proc (getconf CLK_TCK; 100 on Linux). */
const TICKS = 100;

interface Round {
  readonly perSecond: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly lost: number;
}

function cpuTicks(pid: number): { user: number; system: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return { user: Number(fields[11]), system: Number(fields[12]) };
}

function pin(pid: number, core: number): void {
  if (availableParallelism() > 1)
    execFileSync('taskset', ['-apc', String(core), String(pid)], { stdio: 'ignore' });
}

/** dnsperf with the same client count and window for everyone. */
async function load(port: number, file: string, pid: number): Promise<Round> {
  const before = cpuTicks(pid);
  const args = [
    '-s',
    '127.0.0.1',
    '-p',
    String(port),
    '-d',
    file,
    '-l',
    String(seconds),
    '-c',
    '10',
    '-q',
    '200',
  ];
  const command =
    availableParallelism() > 1 ? ['taskset', '-c', '1', 'dnsperf', ...args] : ['dnsperf', ...args];
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn(command[0]!, command.slice(1));
    let text = '';
    child.stdout.on('data', (chunk) => (text += String(chunk)));
    child.on('error', reject);
    child.on('exit', () => resolve(text));
  });
  const after = cpuTicks(pid);
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const completed = number(/Queries completed:\s+(\d+)/);
  const us = (ticks: number): number => (ticks / TICKS / completed) * 1e6;
  return {
    perSecond: number(/Queries per second:\s+([\d.]+)/),
    userUs: us(after.user - before.user),
    systemUs: us(after.system - before.system),
    lost: number(/Queries lost:\s+(\d+)/),
  };
}

const median = (list: number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;

async function main(): Promise<void> {
  const absent = missing('unbound', 'dnsperf', 'nsd');
  if (absent) throw new Error(absent);
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  const file = join(folder, 'queries');
  writeFileSync(file, Array.from({ length: names }, (_, i) => `h${i}.example.test A\n`).join(''));
  const zone = Array.from({ length: names }, (_, i) => `h${i} 86400 A 10.0.${i >> 8}.${i & 255}`).join('\n');
  const nsd = await startNsd({
    zones: { 'example.test.': `@ 300 SOA ns h 1 2 3 4 5\n@ NS ns\nns A 10.1.1.1\n${zone}\n` },
  });
  const unbound = await startUnbound({
    stub: { 'example.test.': [nsd] },
    extra: [
      'num-threads: 1',
      'do-not-query-localhost: no',
      'local-zone: "test." nodefault',
      'module-config: "iterator"',
    ],
  });
  const causeway = await startDaemon({
    config: `
node: { name: bench, state: ./state, workers: 1, rateLimit: off, metrics: off }
vpcs: [{ id: vpc-bench, region: eu-central-1, cidrs: [127.0.0.0/8] }]
endpoints:
  inbound: [{ id: in-1, listen: ["127.0.0.1:PORT"], vpc: by-source, allow: [127.0.0.0/8] }]
  outbound: [{ id: out-1, source: [] }]
rules: [{ domain: example.test., type: forward, outbound: out-1, targets: ["127.0.0.1:${nsd.port}"], vpcs: [vpc-bench] }]
`,
  });
  try {
    pin(unbound.pid, 0);
    pin(causeway.pid, 0);
    const peers = [
      { name: 'causeway', port: causeway.port, pid: causeway.pid, rounds: [] as Round[] },
      { name: 'unbound', port: unbound.port, pid: unbound.pid, rounds: [] as Round[] },
    ];
    for (const peer of peers) await load(peer.port, file, peer.pid);
    for (let i = 0; i < rounds; i++)
      for (const peer of peers) peer.rounds.push(await load(peer.port, file, peer.pid));
    report(peers);
  } finally {
    await causeway.stop();
    await unbound.stop();
    await nsd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function report(peers: { name: string; rounds: Round[] }[]): void {
  const rows = peers.map(({ name, rounds: list }) => ({
    name,
    perSecond: median(list.map((r) => r.perSecond)),
    userUs: median(list.map((r) => r.userUs)),
    systemUs: median(list.map((r) => r.systemUs)),
    lost: list.reduce((sum, r) => sum + r.lost, 0),
  }));
  console.log(
    `from cache, ${names} names, dnsperf -c 10 -q 200, ${rounds} rounds of ${seconds} s, medians, one worker`,
  );
  for (const row of rows)
    console.log(
      `${row.name.padEnd(10)} ${Math.round(row.perSecond).toLocaleString('en').padStart(9)} answers/s   ` +
        `${row.userUs.toFixed(2)} + ${row.systemUs.toFixed(2)} us CPU per answer (user + system)   lost ${row.lost}`,
    );
  const [own, peer] = rows;
  const cpu = (row: (typeof rows)[number]): number => row.userUs + row.systemUs;
  console.log(
    `ratio      ${(own!.perSecond / peer!.perSecond).toFixed(2)} of unbound's answers/s, ` +
      `${(cpu(own!) / cpu(peer!)).toFixed(2)} of its CPU per answer`,
  );
}

if (positionals[0] === 'cold') await cold({ rounds, zones: Number(values.zones) });
else await main();

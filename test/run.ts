/**
 * `npm test`: types, formatting and lint, then every test/**\/*.test.ts. Arguments, if any, are the test files or
 * folders to run instead of all. npm's own pre and post scripts are switched off in .npmrc, so everything that a
 * fresh checkout needs happens here. The last line is `N passed, N failed`.
 *
 * Each file is a program that prints TAP (it imports tap) and is run by Node.js itself: tap's own runner puts
 * loaders into every process that a test starts, and the daemon under test would not be the one that is shipped.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LONG } from './support/long.ts';
import { TapCounter, type TapFailure, type TapTotals } from './support/tap-count.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
/** A file that takes longer than this hangs. Files are written to stay under 15 s; CI machines are slower by far. */
const FILE_SECONDS_MAX = LONG ? 7200 : 300;
/** tap reports what hangs, with its open handles; a file that does not even do that is killed so much later. */
const KILL_SECONDS = 15;
/** Two cores are the smallest machine that is supported; end-to-end files start several daemons each. */
const JOBS = 2;

/** Hundreds of processes strip the types of the same modules: once is enough. */
const compiled = mkdtempSync(join(tmpdir(), 'causeway-compiled-'));
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));

const environment = {
  ...process.env,
  NODE_COMPILE_CACHE: compiled,
  PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
  TAP_TIMEOUT: String(FILE_SECONDS_MAX),
};

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], secondsMax: number): Promise<Run> {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: secondsMax * 1000,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', (error) => done({ code: 127, stdout, stderr: error.message }));
    // Not `close`: a process that a test left behind would hold the pipes open for ever.
    child.on('exit', (code) => setTimeout(() => done({ code: code ?? 1, stdout, stderr }), 50));
  });
}

/** One tool that is a test as a whole: silent when it passes. */
async function check(
  name: string,
  command: string,
  args: readonly string[],
  totals: TapTotals,
): Promise<void> {
  const { code, stdout, stderr } = await run(command, args, FILE_SECONDS_MAX);
  if (code === 0) totals.passed++;
  else totals.failed++;
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  if (code !== 0) console.log((stdout + stderr).trimEnd());
}

function testFiles(args: readonly string[]): string[] {
  const patterns = args.length === 0 ? ['test'] : args;
  const found = patterns.flatMap((path) =>
    existsSync(join(root, path)) && statSync(join(root, path)).isDirectory()
      ? globSync(`${path.replace(/\/$/, '')}/**/*.test.ts`, { cwd: root })
      : [path],
  );
  return [...new Set(found)].sort();
}

/** Runs a file and prints what came of it, in one piece: two files run at a time. */
async function runFile(file: string, totals: TapTotals): Promise<void> {
  const begun = performance.now();
  const args = ['--disable-warning=ExperimentalWarning', file];
  const { code, stdout, stderr } = await run(process.execPath, args, FILE_SECONDS_MAX + KILL_SECONDS);
  const counter = new TapCounter();
  for (const line of stdout.split('\n')) counter.line(line);
  counter.end();
  const own = counter.totals;
  const lines = counter.failures.flatMap((failure) => failureLines(file, failure));
  if (own.failed === 0 && (code !== 0 || own.passed + own.skipped === 0)) {
    own.failed++;
    const why = code === 0 ? 'it holds no test' : `it ended with ${code}`;
    lines.push(`FAIL ${file}: ${why}`, ...stdout.trimEnd().split('\n').slice(-20));
  }
  if (own.failed > 0 && stderr !== '') lines.push(...stderr.trimEnd().split('\n'));
  lines.push(...counter.skips.map((text) => `     # skipped: ${text}`));
  lines.push(...counter.comments.map((text) => `     # ${text}`));
  console.log([summary(file, own, performance.now() - begun), ...lines].join('\n'));
  for (const key of ['passed', 'failed', 'skipped'] as const) totals[key] += own[key];
}

function summary(file: string, { passed, failed, skipped }: TapTotals, ms: number): string {
  const counts = [`${passed} passed`];
  if (failed > 0) counts.push(`${failed} failed`);
  if (skipped > 0) counts.push(`${skipped} skipped`);
  return `${failed === 0 ? 'ok  ' : 'FAIL'} ${file}  ${counts.join(', ')}  ${(ms / 1000).toFixed(1)} s`;
}

function failureLines(file: string, { path, details }: TapFailure): string[] {
  return [`FAIL ${[file, ...path].join(' > ')}`, ...details.map((line) => `     ${line}`)];
}

async function runFiles(files: readonly string[], totals: TapTotals): Promise<void> {
  const waiting = [...files];
  const job = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runFile(file, totals);
  };
  await Promise.all(Array.from({ length: JOBS }, job));
}

const totals: TapTotals = { passed: 0, failed: 0, skipped: 0 };
const files = testFiles(process.argv.slice(2));
await check('tsc --noEmit', 'tsc', ['--noEmit'], totals);
await check('biome check', 'biome', ['check'], totals);
await runFiles(files, totals);
if (files.length === 0) {
  console.log('FAIL no test file was found');
  totals.failed++;
}
if (totals.skipped > 0) console.log(`${totals.skipped} skipped`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 ? 0 : 1);

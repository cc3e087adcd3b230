/**
 * `npm test`: types, formatting and lint, then every test/**\/*.test.ts under tap. Arguments, if any, are the
 * test files or folders to run instead of all. npm's own pre and post scripts are switched off in .npmrc, so
 * everything that a fresh checkout needs happens here. The last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TapCounter, type TapEvent, type TapTotals } from './support/tap-count.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const environment = {
  ...process.env,
  PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
  // Test files import .ts sources in every worker and child: the notice would come once for each.
  NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --disable-warning=ExperimentalWarning`.trim(),
};
const long = process.env['CAUSEWAY_LONG'] === '1';
/** A file that takes longer than this hangs. Files are written to stay under 15 s; CI machines are slower. */
const FILE_SECONDS_MAX = long ? 7200 : 150;
/** Two cores are the smallest machine that is supported; end-to-end files start several daemons each. */
const JOBS = 2;

interface Run {
  readonly code: number;
  readonly output: string;
}

function run(command: string, args: readonly string[]): Promise<Run> {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => done({ code: 127, output: error.message }));
    child.on('close', (code) => done({ code: code ?? 1, output: Buffer.concat(chunks).toString() }));
  });
}

/** One tool that is a test as a whole: silent when it passes. */
async function check(
  name: string,
  command: string,
  args: readonly string[],
  totals: TapTotals,
): Promise<void> {
  const { code, output } = await run(command, args);
  if (code === 0) totals.passed++;
  else totals.failed++;
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  if (code !== 0) console.log(output.trimEnd());
}

/** tap ships built with a TypeScript plugin that Node's own type stripping replaces (.taprc): build it once. */
async function buildTap(): Promise<void> {
  const built = join(root, 'node_modules/@tapjs/test/test-built/dist/esm/index.js');
  const fresh = existsSync(built) && !/@tapjs\/typescript['"]/.test(readFileSync(built, 'utf8'));
  if (fresh) return;
  const { code, output } = await run('tap', ['build']);
  if (code !== 0) console.log(output.trimEnd());
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

function report(event: TapEvent): void {
  switch (event.kind) {
    case 'file': {
      const skipped = event.skipped === 0 ? '' : `, ${event.skipped} skipped`;
      const counts = `${event.passed} passed${event.failed === 0 ? '' : `, ${event.failed} failed`}${skipped}`;
      console.log(
        `${event.ok ? 'ok  ' : 'FAIL'} ${event.name}  ${counts}  ${(event.ms / 1000).toFixed(1)} s`,
      );
      break;
    }
    case 'failure':
      console.log(`FAIL ${event.path.join(' > ')}`);
      for (const line of event.details) console.log(`     ${line}`);
      break;
    case 'comment':
      console.log(`     # ${event.text}`);
      break;
  }
}

async function runTap(files: readonly string[], totals: TapTotals): Promise<void> {
  const args = ['--reporter=tap', `--jobs=${JOBS}`, `--timeout=${FILE_SECONDS_MAX}`, ...files];
  const child = spawn('tap', args, { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const counter = new TapCounter(report);
  const exit = new Promise<number>((done) => {
    child.on('error', () => done(127));
    child.on('close', (code) => done(code ?? 1));
  });
  for await (const line of createInterface({ input: child.stdout })) counter.line(line);
  const code = await exit;
  counter.end();
  totals.passed += counter.totals.passed;
  totals.failed += counter.totals.failed;
  totals.skipped += counter.totals.skipped;
  if (code !== 0 && counter.totals.failed === 0) {
    console.log(`FAIL tap itself ended with ${code}`);
    totals.failed++;
  }
}

const totals: TapTotals = { passed: 0, failed: 0, skipped: 0 };
const files = testFiles(process.argv.slice(2));
await check('tsc --noEmit', 'tsc', ['--noEmit'], totals);
await check('biome check', 'biome', ['check'], totals);
await buildTap();
const before = totals.passed + totals.failed;
if (files.length > 0) await runTap(files, totals);
if (totals.passed + totals.failed === before) {
  console.log('FAIL no test ran');
  totals.failed++;
}
if (totals.skipped > 0) console.log(`${totals.skipped} skipped`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 ? 0 : 1);

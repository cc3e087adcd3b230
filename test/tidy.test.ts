/** Style that a machine can check. Each rule is in support/tidy.ts and is tried on a bad sample here. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { missing } from './support/servers.ts';
import * as tidy from './support/tidy.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const sources = globSync('src/**/*.ts', { cwd: root }).sort();
const inside = (path: string): string => path.slice('src/'.length);
const show = (findings: readonly tidy.Finding[]): string[] =>
  findings.map((finding) => `${finding.file}:${finding.line} ${finding.message}`);

/** Files that git tracks or would, or, where there is no git (an unpacked archive), those of the known folders. */
function trackedFiles(): string[] {
  try {
    const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return list
      .toString()
      .split('\0')
      .filter((path) => path !== '' && existsSync(join(root, path)));
  } catch {
    return globSync('{src,test,bin,config,docs,systemd,.ci}/**/*.*', { cwd: root });
  }
}

const isText = (path: string): boolean => !/\.(bin|png|ico|woff2|mmdb|gz)$/.test(path);
const tracked = trackedFiles().filter(isText);

t.test('imports point down the table of layers', (t) => {
  t.ok(sources.length > 10, 'sources were found');
  t.same(show(sources.flatMap((path) => tidy.checkImports(inside(path), read(path)))), []);
  const faults = (file: string, source: string): string[] =>
    tidy.checkImports(file, source).map((finding) => finding.message);
  t.match(faults('wire/name.ts', `import { x } from '../cache/key.ts';`), [/layer 3 from layer 1/]);
  t.match(faults('zone/image.ts', `import { x } from '../cache/key.ts';`), [/layer 3 from layer 3/]);
  t.match(faults('zone/image.ts', `import type {\n  X,\n} from "../server/udp.ts";`), [/layer 6/]);
  t.match(faults('zone/image.ts', `export * from '../server/udp.ts';`), [/layer 6/]);
  t.match(faults('zone/image.ts', `const x = await import('../server/udp.ts');`), [/layer 6/]);
  t.match(faults('zone/image.ts', `import x from '../../test/x.ts';`), [/outside/]);
  t.match(faults('zone/image.ts', `import x from '../main.ts';`), [/composition root/]);
  t.match(faults('zone/image.ts', `import x from './lookup';`), [/extension/]);
  t.match(faults('zone/image.ts', `import { readFileSync } from 'node:fs';`), [/only server/]);
  t.match(faults('zone/image.ts', `import koffi from 'koffi';`), [/only util\/ffi/]);
  t.match(faults('zone/image.ts', `import packet from 'dns-packet';`), [/only cli\//]);
  t.same(
    faults('zone/image.ts', `// import x from '../server/udp.ts';\nimport { y } from '../wire/name.ts';`),
    [],
  );
  t.same(faults('resolver/transport/udp.ts', `import dgram from 'node:dgram';`), []);
  t.same(faults('util/rpc.ts', `import type { MessagePort } from 'node:worker_threads';`), []);
  t.end();
});

t.test('time and randomness come through their seams', (t) => {
  t.same(show(sources.flatMap((path) => tidy.checkSeams(inside(path), read(path)))), []);
  const words = (source: string): number => tidy.checkSeams('server/udp.ts', source).length;
  t.equal(words('const a = Date.now();'), 1);
  t.equal(words('const a = new Date();'), 1);
  t.equal(words('setTimeout(f, 3); setInterval(f, 3);'), 2);
  t.equal(words('const a = Math.random() + performance.now();'), 2);
  t.equal(words('socket.setTimeout(5); // Date.now() is not used\nconst b = "Date";'), 0);
  t.end();
});

t.test('weak PRNG (CVE-2025-40780): what the daemon draws comes from node:crypto', (t) => {
  const seeded = sources.filter((path) => /SeededPrng/.test(read(path))).map(inside);
  t.same(seeded, ['util/prng.ts'], 'the one with a seed is for tests');
  t.end();
});

t.test('nothing unfinished is left behind', (t) => {
  t.same(
    show(
      tracked
        .filter((path) => !path.endsWith('package-lock.json'))
        .flatMap((path) => tidy.checkLeftovers(path, read(path))),
    ),
    [],
  );
  t.equal(tidy.checkLeftovers('a.ts', `x();\n// ${'TO' + 'DO'}: more`)[0]?.line, 2);
  t.end();
});

t.test('no tracked file names a path of one machine, and the lock file no registry', (t) => {
  t.same(show(tracked.flatMap((path) => tidy.checkMachinePaths(path, read(path)))), []);
  t.same(show(tidy.checkLockFile('package-lock.json', read('package-lock.json'))), []);
  t.same(show(tidy.checkLockIsComplete('package-lock.json', read('package-lock.json'))), []);
  t.equal(tidy.checkMachinePaths('a.ts', `const path = '/ho${'me/someone/project'}';`).length, 1);
  const lock = (...paths: string[]): string =>
    JSON.stringify({
      packages: Object.fromEntries(
        paths.map((path) => [path, path.endsWith('/a') ? { optionalDependencies: { b: '1' } } : {}]),
      ),
    });
  t.equal(tidy.checkLockIsComplete('l', lock('', 'node_modules/a')).length, 1);
  t.equal(tidy.checkLockIsComplete('l', lock('', 'node_modules/a', 'node_modules/b')).length, 0);
  t.equal(
    tidy.checkLockIsComplete('l', lock('', 'node_modules/a', 'node_modules/a/node_modules/b')).length,
    0,
  );
  t.equal(tidy.checkLockFile('l', `"resolved": "https://registry.example/a.tgz"`).length, 1);
  t.end();
});

t.test('every YAML file and example parses', (t) => {
  const files = tracked.filter((path) => /\.ya?ml$/.test(path) && !path.includes('fixtures/'));
  for (const path of files) t.same(yamlErrors(read(path)), [], path);
  const pages = tracked.filter((path) => path.endsWith('.md'));
  for (const path of pages)
    for (const block of tidy.yamlBlocks(read(path)))
      t.same(yamlErrors(block.code), [], `${path}:${block.line}`);
  t.not(yamlErrors('a: [1, 2').length, 0, 'a bad sample is seen');
  t.equal(tidy.yamlBlocks('x\n```yaml\na: 1\n```\n')[0]?.code, 'a: 1\n');
  t.end();
});

function yamlErrors(text: string): string[] {
  const documents = parseAllDocuments(text);
  return ('empty' in documents ? [] : documents).flatMap((document) => document.errors.map(String));
}

t.test('the shell blocks that are marked as runnable run', async (t) => {
  t.same(
    tidy.runnableBlocks('<!-- runnable -->\n```sh\ntrue\n```\n').map((block) => block.code),
    ['true\n'],
  );
  await t.rejects(runBlock('false\ntrue'), 'a failing line fails its block');
  const absent = missing('dig');
  if (absent !== false) {
    t.comment(absent);
    return;
  }
  const stop = await serveExample();
  t.teardown(stop);
  for (const path of tracked.filter((path) => path.endsWith('.md')))
    for (const block of tidy.runnableBlocks(read(path)))
      await t.resolves(runBlock(block.code), `${path}:${block.line}`);
});

/** What `npm start` starts: the README's blocks speak to it. Resolves, when it serves, with how to end it. */
function serveExample(): Promise<() => Promise<void>> {
  const child = spawn(join(root, 'bin/causeway'), ['serve'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let log = '';
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      log += String(chunk);
      if (!log.includes('serving')) return;
      resolve(() => {
        child.kill('SIGTERM');
        return ended;
      });
    });
    child.once('exit', () => reject(new Error(`the example does not start:\n${log}`)));
  });
}

/** From the project's root, as a reader would, with the tools of node_modules/.bin in reach as under npm. */
async function runBlock(code: string): Promise<void> {
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', code], {
    cwd: root,
    timeout: 60_000,
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
  });
}

t.test('lengths, for the eye', (t) => {
  const files = sources.map((path) => ({ path, lines: read(path).split('\n').length }));
  const functions = sources.flatMap((path) => tidy.functionLengths(path, read(path)));
  t.comment('longest files');
  for (const { path, lines } of files.sort((a, b) => b.lines - a.lines).slice(0, 10))
    t.comment(`${String(lines).padStart(5)} ${path}`);
  t.comment('longest functions');
  for (const { file, line, name, lines } of functions.sort((a, b) => b.lines - a.lines).slice(0, 10))
    t.comment(`${String(lines).padStart(5)} ${file}:${line} ${name}`);
  const sample = tidy.functionLengths(
    'a.ts',
    'export function f(\n  a: number,\n): void {\n  g();\n}\nclass A {\n  #m() {\n    return 1;\n  }\n}\n',
  );
  t.same(
    sample.map((found) => [found.name, found.lines]),
    [
      ['f', 5],
      ['#m', 3],
    ],
  );
  t.end();
});

/** What is shipped: the built package, the image's recipe. */
import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { freePort } from '../support/ports.ts';

const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
// Without tap's own hooks, which would be loaded into every tool.
const env = {
  ...process.env,
  NODE_OPTIONS: '',
  PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
};

/** A package without src/, as it is installed: dist/, bin/, config/ and dependencies. */
async function builtPackage(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  for (const part of ['package.json', 'bin', 'config'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  await run('tsc', ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(folder, 'dist')], {
    cwd: root,
    env,
  });
  return folder;
}

const folder = await builtPackage();
t.teardown(() => {
  spawnSync('chmod', ['-R', 'u+w', folder]);
  rmSync(folder, { recursive: true, force: true });
});

t.test('the built package runs without sources', async (t) => {
  const bin = join(folder, 'bin', 'causeway');
  t.match((await run(bin, ['version'])).stdout, /^causeway \d+\.\d+\.\d+ /);
  const { stdout } = await run(bin, ['check', '--config', join(folder, 'config', 'causeway.yaml')]);
  t.match(stdout, / is right\n$/);
  for (const entry of ['main.js', 'cli/run.js', 'control/thread.js', 'server/worker.js'])
    t.ok(existsSync(join(folder, 'dist', entry)), entry);
  t.notMatch(readFileSync(join(folder, 'dist', 'cli', 'main.js'), 'utf8'), /from '[^']+\.ts'/);
});

t.test('the built daemon serves from a folder that it cannot write', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'causeway-'));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const config = join(state, 'causeway.yaml');
  const text = readFileSync(join(folder, 'config', 'causeway.yaml'), 'utf8')
    .replace('state: ../state', 'state: ./state')
    .replace('metrics: 127.0.0.1:9153', 'metrics: off')
    .replace('workers: auto', 'workers: 1');

  cpSync(join(folder, 'config', 'zones'), join(state, 'zones'), { recursive: true });
  const port = await freePort();
  writeFileSync(config, text.replace(/listen: .*/, `listen: ["127.0.0.1:${port}"]`));
  spawnSync('chmod', ['-R', 'a-w', join(folder, 'bin'), join(folder, 'config'), join(folder, 'dist')]);
  chmodSync(folder, 0o555);
  const bin = join(folder, 'bin', 'causeway');
  const daemon = execFile(bin, ['serve', '--config', config]);
  const exited = new Promise<number | null>((done) => daemon.once('exit', done));
  t.ok(await becomesReady(bin, config), 'it becomes ready');
  const reply = await run(bin, ['query', '@127.0.0.1', '-p', String(port), 'db.internal.example']);
  t.match(reply.stdout, /NOERROR .*10\.20\.0\.5/s);
  daemon.kill('SIGTERM');
  t.equal(await exited, 0);
});

async function becomesReady(bin: string, config: string): Promise<boolean> {
  for (let i = 0; i < 40; i++) {
    const ready = await run(bin, ['status', '--ready', '--config', config]).then(
      () => true,
      () => false,
    );
    if (ready) return true;
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
}

t.test('the Dockerfile copies what is there and what reaches the engine', (t) => {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap((match) =>
    match[1]!.split(' '),
  );
  const sent = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .flatMap((line) => line.match(/^!(.+)/)?.[1] ?? []);
  t.same([...copied].sort(), [...sent].sort());
  for (const path of copied) t.ok(existsSync(join(root, path)), path);
  const final = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  t.match(final, /^USER \d+:\d+$/m);
  t.match(final, /^HEALTHCHECK .* CMD \["causeway", "status", "--ready"\]$/m);
  t.match(final, /^VOLUME \/var\/lib\/causeway$/m);
  t.end();
});

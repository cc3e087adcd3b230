/** What a command says reaches whoever reads it, through pipes that hold less than it. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'causeway');
const folder = mkdtempSync(join(tmpdir(), 'causeway-terminal-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const LINES = 8_000;
const config = join(folder, 'causeway.yaml');
writeFileSync(
  config,
  'vpcs: [{ id: vpc-a, cidrs: [10.0.0.0/8] }]\nlogs: [{ id: q, to: q.jsonl, vpcs: [vpc-a] }]\n',
);
const text = Array.from({ length: LINES }, (_, i) =>
  JSON.stringify({
    vpc_id: 'vpc-a',
    query_timestamp: '2026-03-09T01:00:00Z',
    query_name: `n${i}.example.`,
    query_type: 'A',
    rcode: 'NOERROR',
    answers: [],
    srcaddr: '10.1.0.1',
    transport: 'UDP',
  }),
)
  .map((line) => `${line}\n`)
  .join('');
mkdirSync(join(folder, 'state'));
writeFileSync(join(folder, 'state', 'q.jsonl'), text);
const search = `"${bin}" log search --json --lines ${LINES} --config "${config}"`;

const bad = join(folder, 'bad.yaml');
const mistakes = Array.from({ length: 5_000 }, (_, i) => `mistake-${i}: 1\n`).join('');
writeFileSync(bad, mistakes);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a line of shell: its pipes are pipes, while those that Node.js makes are sockets. */
async function shell(line: string): Promise<Ended> {
  const child = spawn('/bin/sh', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

t.test('a slow reader has all of the standard output', async (t) => {
  t.ok(text.length > 1_000_000);
  const { out, err } = await shell(`{ ${search}; echo "code $?" >&2; } | { sleep 2; cat; }`);
  t.equal(out.length, text.length);
  t.ok(out === text);
  t.equal(err, 'code 0\n');
});

t.test('a slow reader has all of the standard error output, and the exit code is kept', async (t) => {
  const { out } = await shell(
    `{ "${bin}" check --config "${bad}" 2>&1; echo "code $?"; } | { sleep 2; cat; }`,
  );
  const lines = out.trimEnd().split('\n');
  t.match(lines.at(-2), /^\d+ errors$/);
  t.equal(lines.filter((line) => line.includes('unknown key "mistake-')).length, 5_000);
  t.equal(lines.at(-1), 'code 1');
});

t.test('a reader that has seen enough ends the command quietly', async (t) => {
  const { out, err } = await shell(`{ ${search}; echo "code $?" >&2; } | head -n 1`);
  t.equal(out, `${text.split('\n')[0]}\n`);
  t.equal(err, 'code 0\n');
});

t.test('nobody reads the standard error output: the command does what it does', async (t) => {
  const nothing = `${search} --name nothing.example`;
  const { out } = await shell(
    `exec 3>&1; { sleep 1; ${nothing}; echo "code $?" >&3; } 2>&1 >/dev/null | true`,
  );
  t.equal(out, 'code 0\n');
});

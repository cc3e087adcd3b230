import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cli } from '../support/cli.ts';

const root = join(import.meta.dirname, '..', '..');

t.test('the example is right', async (t) => {
  const { code, out, err } = await cli(['check'], { cwd: root });
  t.same({ code, err }, { code: 0, err: '' });
  t.equal(out, `${root}/config/causeway.yaml is right\n`);
});

t.test('every error at once, each on a line with its place and what would be right', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'causeway-')), 'bad.yaml');
  writeFileSync(file, 'node: { name: "a b", statte: x }\nvpcs:\n  - { id: 3 }\n');
  const { code, out, err } = await cli(['check', '--config', file]);
  t.equal(code, 1);
  t.equal(out, '');
  const lines = err.trimEnd().split('\n');
  t.match(err, `${file}:1:15: node.name: `);
  t.match(err, /:1:22: node\.statte: unknown key "statte"; did you mean "state"\?\n/);
  t.match(lines.at(-1), /^\d+ errors$/);
  const errors = lines.slice(0, -1).filter((line) => !line.includes(' warning: '));
  t.equal(errors.length, Number.parseInt(lines.at(-1)!, 10));
  for (const line of errors) t.match(line, /^\S+\.yaml:\d+:\d+: .+; .+$/);
  const read = JSON.parse((await cli(['check', '--json', '--config', file])).out) as { errors: unknown[] };
  t.equal(read.errors.length, errors.length);
  t.match(read.errors[0], { line: 1, column: 15, path: 'node.name', message: /./, remedy: /./ });
});

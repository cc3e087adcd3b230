import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { COMMANDS } from '../../src/cli/main.ts';
import { cli } from '../support/cli.ts';

t.test('each command has a help text with its options and an example', async (t) => {
  for (const { name, load } of COMMANDS) {
    const { command } = await load();
    t.equal(command.name, name);
    const { code, out } = await cli([name, '--help']);
    t.equal(code, 0);
    t.ok(out.startsWith(`causeway ${name}`), name);
    for (const option of Object.keys(command.options)) t.match(out, `--${option}`);
    for (const example of command.examples) t.match(out, `  ${example}\n`);
    t.ok(
      command.examples.length > 0 && command.examples.every((line) => line.startsWith(`causeway ${name}`)),
    );
    t.ok(
      out.split('\n').every((line) => line.length <= 120),
      `${name} fits a terminal`,
    );
    t.equal((await cli(['help', name])).out, out);
  }
});

t.test('the overview names every command', async (t) => {
  const { code, out } = await cli(['help']);
  t.equal(code, 0);
  for (const { name, summary } of COMMANDS)
    t.match(out, new RegExp(`^  ${name} +${summary.replace(/[().]/g, '.')}$`, 'm'));
  const none = await cli([]);
  t.equal(none.code, 2);
  t.equal(none.err, out);
});

t.test('the documentation names every command', async (t) => {
  const [readme, operations] = ['README.md', 'docs/operations.md'].map((file) =>
    readFileSync(join(import.meta.dirname, '../..', file), 'utf8'),
  );
  for (const { name } of COMMANDS) {
    t.match(readme, new RegExp(`[` + '`' + `](causeway )?${name}\\b`), `README: ${name}`);
    t.match(operations, new RegExp(`^\\| .*(causeway |, ` + '`' + `)${name}\\b`, 'm'), `operations: ${name}`);
  }
});

t.test('wrong words: one line with a remedy, exit code 2', async (t) => {
  const wrong = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await cli(args);
    t.equal(code, 2, args.join(' '));
    t.equal(out, '');
    t.match(err, /^causeway: [^\n]+; [^\n]+\n$/, err);
    return err;
  };
  t.match(await wrong('stauts'), /did you mean `causeway status`/);
  t.match(await wrong('\u001b[2J'), 'no command "\\u001b[2J"');
  t.match(await wrong('status', '--colour'), /unknown option '--colour'; see `causeway status --help`/);
  t.match(await wrong('status', '--socket'), /argument missing/);
  t.match(await wrong('cache'), /stats/);
  t.match(await wrong('cache', 'flush'), /takes one name/);
  t.match(await wrong('cache', 'flush', 'a', 'b'), /takes one name/);
  t.match(await wrong('cache', 'dump', '--limit', '0'), /from 1 to/);
  t.match(await wrong('explain'), /NAME/);
  t.match(await wrong('explain', 'a.example'), /--vpc ID or --client IP/);
  t.match(await wrong('query'), /NAME/);
  t.match(await wrong('query', '@127.0.0.1', 'a..b'), /no domain name/);
  t.match(await wrong('query', '@127.0.0.1', 'a', 'NOPE'), /no record type "NOPE"/);
  t.match(await wrong('query', '@127.0.0.1', 'a', '+trace'), /no option \+trace/);
  t.match(await wrong('query', '@127.0.0.1', '-p', '99999', 'a'), /from 1 to 65535/);
  t.match(await wrong('completion', 'tcsh'), /bash/);
});

t.test('version', async (t) => {
  t.match((await cli(['version'])).out, /^causeway \d+\.\d+\.\d+ \(node 26\./);
  t.match(JSON.parse((await cli(['version', '--json'])).out), {
    causeway: /^\d/,
    node: process.versions.node,
  });
  t.match((await cli(['--version'])).out, /^causeway /);
});

t.test('bin/causeway runs from any folder, through links, and says what is missing', (t) => {
  const bin = join(import.meta.dirname, '..', '..', 'bin', 'causeway');
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  const link = join(folder, 'causeway');
  symlinkSync(bin, link);
  t.match(execFileSync(link, ['version'], { cwd: '/', encoding: 'utf8' }), /^causeway /);
  const relative = join(folder, 'again');
  symlinkSync('causeway', relative);
  t.match(execFileSync(relative, ['version'], { cwd: folder, encoding: 'utf8' }), /^causeway /);
  const failed = spawnSync(bin, ['nothing'], { encoding: 'utf8' });
  t.equal(failed.status, 2);
  t.match(failed.stderr, /^causeway: no command "nothing"/);
  t.end();
});

t.test('bin/causeway without Node.js, or with one that is too old', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-'));
  const copy = join(folder, 'bin', 'causeway');
  execFileSync('mkdir', [join(folder, 'bin'), join(folder, 'path')]);
  execFileSync('cp', [join(import.meta.dirname, '..', '..', 'bin', 'causeway'), copy]);
  const path = `${join(folder, 'path')}:/usr/bin:/bin`;
  const run = (env: Record<string, string>): string =>
    spawnSync('/bin/sh', [copy, 'version'], { encoding: 'utf8', env }).stderr;
  execFileSync('sh', ['-c', `printf '#!/bin/sh\\necho v20.20.2\\n' > path/node && chmod +x path/node`], {
    cwd: folder,
  });
  t.match(
    run({ PATH: path }),
    /^causeway: Node\.js 26 or newer is needed, and \S+ is v20\.20\.2; run `npm ci` in /,
  );
  execFileSync('sh', ['-c', `printf '#!/bin/sh\\necho v26.1.0\\n' > path/node`], { cwd: folder });
  t.match(run({ PATH: path }), /^causeway: neither src\/ nor dist\/ is in /);
  execFileSync(
    'sh',
    ['-c', 'rm path/node; for tool in dirname readlink; do ln -s "$(command -v $tool)" path/; done'],
    {
      cwd: folder,
    },
  );
  t.match(
    run({ PATH: join(folder, 'path') }),
    /^causeway: Node\.js 26 or newer is not installed; run `npm ci` in /,
  );
  t.end();
});

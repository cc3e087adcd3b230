import { spawnSync } from 'node:child_process';
import t from 'tap';
import { COMMANDS } from '../../src/cli/main.ts';
import { cli } from '../support/cli.ts';

/** What bash would offer after these words. */
function offered(script: string, words: readonly string[]): string[] {
  const list = words.map((word) => `'${word}'`).join(' ');
  const call = `${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _causeway; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', call], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n');
}

t.test('bash', async (t) => {
  const { out } = await cli(['completion', 'bash']);
  const names = [...COMMANDS.map(({ name }) => name), 'help'];
  t.same(offered(out, ['causeway', '']), names);
  t.same(offered(out, ['causeway', 'ca']), ['cache']);
  t.same(offered(out, ['causeway', 'cache', 'f']), ['flush']);
  t.same(offered(out, ['causeway', 'explain', '--v']), ['--vpc']);
  t.same(offered(out, ['causeway', 'help', 'sta']), ['status']);
  t.same(offered(out, ['causeway', 'status', '--config', '/etc/host']).includes('/etc/hosts'), true);
});

for (const shell of ['zsh', 'fish'])
  t.test(shell, async (t) => {
    const { out } = await cli(['completion', shell]);
    for (const { name } of COMMANDS) t.match(out, name);
    const check = spawnSync(shell, ['-n'], { input: out, encoding: 'utf8' });
    if (check.error === undefined) t.equal(check.status, 0, check.stderr);
  });

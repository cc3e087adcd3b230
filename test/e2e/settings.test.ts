import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startDaemon } from '../support/daemon.ts';
import { at, dig } from '../support/dig.ts';
import { missing, startNsd } from '../support/servers.ts';
import { APEX, configOf, forwardRule } from './config.ts';

const skip = missing('dig', 'nsd');

t.test('settings of the node hold for the first answer, and after a reload', { skip }, async (t) => {
  const nsd = await startNsd({ zones: { 'corp.test.': `${APEX}www 300 A 10.8.0.1\nmore 300 A 10.8.0.2\n` } });
  t.teardown(() => nsd.stop());
  const config = (ceiling: string): string =>
    configOf({
      node: `ttl: { ceiling: ${ceiling} }, cookies: { secretFile: cookie.secret }`,
      rules: [forwardRule('corp.test.', [nsd])],
    });
  const daemon = await startDaemon({
    config: config('20s'),
    files: { 'cookie.secret': `${'11'.repeat(16)}\n` },
  });
  t.teardown(() => daemon.stop());
  const cookieOf = (lines: readonly string[] | undefined): string =>
    /COOKIE: ([0-9a-f]+)/.exec((lines ?? []).join('\n'))?.[1] ?? '';

  const first = await dig(at(daemon), 'www.corp.test.', 'A', '+cookie');
  t.equal(first.answers[0]?.ttl, 20, 'what was just learned is told as it is kept');
  const cookie = cookieOf(first.edns);
  t.equal(cookie.length, 48);
  const again = await dig(at(daemon), 'www.corp.test.', 'A', `+cookie=${cookie}`);
  t.equal(cookieOf(again.edns), cookie, 'the secret holds');

  writeFileSync(join(daemon.folder, 'cookie.secret'), `${'22'.repeat(16)}\n`);
  daemon.configure(config('10s'));
  t.equal((await daemon.cli('reload')).code, 0);
  const after = await dig(at(daemon), 'more.corp.test.', 'A', `+cookie=${cookie}`);
  t.equal(after.answers[0]?.ttl, 10);
  t.not(cookieOf(after.edns), cookie, 'another secret, another cookie');
});

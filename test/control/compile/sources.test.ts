/** Addresses to send from that the host lacks. */
import t from 'tap';
import { missingSources } from '../../../src/control/compile/sources.ts';
import { checkConfig } from '../../../src/control/compile.ts';
import { problemToText } from '../../../src/control/config/problem.ts';
import { FILE, filesOf, good } from '../config/support.ts';

const text = 'endpoints:\n  outbound: [{ id: o, source: [10.1.0.1, 127.0.0.1, "fd00::1", "fe80::1"] }]\n';

t.test('each is warned of, and those of the host are not', async (t) => {
  const host = ['127.0.0.1', 'fd00::1', 'fe80::1%eth0'];
  t.match(missingSources(good(text), host).map(problemToText), [
    /causeway\.yaml:2:32: endpoints\.outbound\[0\]\.source\[0\]: this host does not have the address 10\.1\.0\.1/,
  ]);
  t.same(missingSources(good(text), ['10.1.0.1', ...host]), []);
});

t.test('a check tells it', async (t) => {
  const files = filesOf({ [FILE]: text.replace('10.1.0.1', '192.0.2.1') });
  const { errors, warnings } = checkConfig(FILE, files);
  t.same(errors, []);
  t.ok(warnings.some(({ message }) => message.includes('192.0.2.1')));
});

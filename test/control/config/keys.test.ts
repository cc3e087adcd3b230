/** Unknown, missing and not yet supported keys. */
import t from 'tap';
import { editDistance, nearest } from '../../../src/control/config/nearest.ts';
import { BASE, errorsOf } from './support.ts';

t.test('unknown keys: the nearest known one, or all', async (t) => {
  t.match(errorsOf('nod: {}').join(), /1:1 nod: unknown key "nod"; did you mean "node"\?/);
  t.match(errorsOf('node: { worker: 2 }').join(), /did you mean "workers"\?/);
  t.match(errorsOf('node: { loglevel: info }').join(), /did you mean "logLevel"\?/);
  t.match(
    errorsOf('node: { rateLimit: { brust: 1 } }').join(),
    /1:22 node\.rateLimit\.brust: .*did you mean "burst"\?/,
  );
  t.match(
    errorsOf('node: { completelyDifferent: 2 }').join(),
    /known here: name, region, state, rulesFolder, workers/,
  );
});

t.test('missing keys: where they belong, and an example', async (t) => {
  t.match(errorsOf('vpcs:\n  - region: a\n'), [
    /2:5 vpcs\[0\]\.id: id is missing; add it, for example id: vpc-corp/,
    /2:5 vpcs\[0\]\.cidrs: cidrs is missing; add it, for example cidrs: \[10\.20\.0\.0\/16\]/,
  ]);
});

t.test('what a later release has is known, and refused as such', async (t) => {
  t.match(errorsOf('profiles: {}\nconsole: {}'), [
    /1:1 profiles: "profiles": Route 53 Profiles is not yet supported in this release; leave it out/,
    /the web console is not yet supported/,
  ]);
  const rule = (type: string) => `${BASE}rules: [{ domain: ., type: ${type}, vpcs: [vpc-a] }]`;
  t.match(
    errorsOf(rule('recursiv')).join(),
    /"recursiv" is not known here; write forward, recursive, stub, system or delegate/,
  );
  t.match(
    errorsOf('endpoints: { inbound: [{ id: a, listen: [127.0.0.1], protocols: [do53, doh-fips, dox] }] }'),
    [/"doh-fips" is not yet supported/, /"dox" is not known here; write do53/],
  );
});

t.test('edit distance', async (t) => {
  t.equal(editDistance('', 'abc'), 3);
  t.equal(editDistance('abc', 'abc'), 0);
  t.equal(editDistance('targtes', 'targets'), 1, 'a swap of neighbours is one edit');
  t.equal(editDistance('kitten', 'sitting'), 3);
  t.equal(nearest('outbund', ['inbound', 'outbound']), 'outbound');
  t.equal(nearest('x', ['inbound', 'outbound']), undefined);
  t.equal(nearest('a'.repeat(100_000), ['node']), undefined);
});

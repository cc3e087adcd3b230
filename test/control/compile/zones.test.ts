/** Zone files: where they may lie, what they may include, what is said of their errors, and when they are kept. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkConfig, readConfig } from '../../../src/control/compile.ts';
import { problemToText } from '../../../src/control/config/problem.ts';
import { FILE, filesOf } from '../config/support.ts';
import { compileText, type Folder, recordsOf } from './support.ts';

const ZONE = (file: string, more = ''): string =>
  `vpcs: [{ id: vpc-a, cidrs: [10.1.0.0/16] }]\nzones:\n  - { name: example., file: ${file}, vpcs: [vpc-a]${more} }\n`;
const INLINE = (records: string): string =>
  `vpcs: [{ id: vpc-a, cidrs: [10.1.0.0/16] }]\nzones:\n  - name: example.\n    vpcs: [vpc-a]\n    records: ${records}\n`;
const APEX = '@ 300 SOA ns h 1 2 3 4 5\n@ 300 NS ns\nns 300 A 192.0.2.1\n';

const at = (name: string): string => `/etc/causeway/${name}`;
const errorsOf = (text: string, others: Folder = {}): string[] =>
  (compileText(text, others).errors ?? []).map(problemToText);

t.test('a zone file', async (t) => {
  const compiled = compileText(ZONE('zones/example.zone'), {
    [at('zones/example.zone')]: `${APEX}www A 192.0.2.80\n`,
  });
  t.same(compiled.errors, undefined);
  t.ok(
    recordsOf(compiled, 'example.@vpc-a').includes('www.example. A 192.0.2.80'),
    'the TTL setting holds where the file has none',
  );
});

t.test('records in the configuration get the apex of Route 53', async (t) => {
  const compiled = compileText(INLINE('"www A 192.0.2.80"'));
  const records = recordsOf(compiled, 'example.@vpc-a');
  t.ok(records.includes('www.example. A 192.0.2.80'));
  t.ok(records.includes('example. NS ns-512.awsdns-00.net.'));
  t.ok(records.some((record) => record.startsWith('example. SOA ')));
});

t.test('errors have the file, line and column of the zone file', async (t) => {
  const text = `${APEX}www 300 A 192.0.2\nx 300 NOSUCH y\nother.test. 300 A 192.0.2.1\n`;
  const errors = errorsOf(ZONE('zones/example.zone'), { [at('zones/example.zone')]: text });
  t.equal(errors.length, 3, 'all at once');
  t.match(errors[0], /^\/etc\/causeway\/zones\/example\.zone:4:11: /);
  t.match(errors[1], /example\.zone:5:7: unknown type "NOSUCH"/);
  t.match(errors[2], /example\.zone:6:1: owner other\.test\. is not in zone example\./);
});

t.test('errors of a zone as a whole name the line of the owner', async (t) => {
  const broken = `${APEX}www 300 A 192.0.2.1\n\nwww 300 CNAME ns\n`;
  t.match(errorsOf(ZONE('a.zone'), { [at('a.zone')]: broken }), [/a\.zone:4:1: www\.example\.: .*CNAME/]);
  t.match(errorsOf(ZONE('a.zone'), { [at('a.zone')]: 'www 300 A 192.0.2.1\n' }).join('\n'), /SOA/);
});

t.test('errors in a block of records have their line in the configuration', async (t) => {
  const errors = errorsOf(INLINE('|\n      www A 192.0.2.80\n      mail A nowhere\n'));
  t.match(errors, [/causeway\.yaml:7:14: zones\[0\]\.records: /]);
  t.match(
    errorsOf(INLINE('"mail A nowhere"')),
    [/causeway\.yaml:5:14: zones\[0\]\.records: /],
    'in a quoted text the start of it',
  );
});

t.test('every bad zone is told of, and so is a missing file, in one go', async (t) => {
  const text = `vpcs: [{ id: a, cidrs: [] }]\nzones:\n  - { name: x, file: x.zone, vpcs: [a] }\n  - { name: y, file: y.zone, vpcs: [a] }\n  - { name: z, file: zones, vpcs: [a] }\n`;
  const errors = errorsOf(text, { [at('y.zone')]: 'nonsense\n', [at('zones/a')]: '' });
  t.match(errors, [
    /causeway\.yaml:3:22: zones\[0\]\.file: x\.zone: there is no such file; check the path/,
    /causeway\.yaml:5:22: zones\[2\]\.file: zones: this is not a regular file/,
    /y\.zone:1:/,
  ]);
});

t.test('errors of the configuration and of all zones come in one go, sorted', async (t) => {
  const text = `vpcs: [{ id: vpc-a, cidrs: [10.1.0.0/16], colour: red }]
zones:
  - { name: one., file: missing.zone, vpcs: [vpc-a] }
  - { name: two., file: two.zone, vpcs: [vpc-b] }
  - { name: three., file: three.zone, vpcs: [vpc-a], overlay: some }
  - { name: four., file: four.zone, records: "x A 192.0.2.1", vpcs: [vpc-a] }
  - { name: a..b, file: four.zone, vpcs: [vpc-a] }
  - name: five.
    vpcs: [vpc-a]
    records: |
      @ MX mail
      x CNAME y
      x A 192.0.2.1
`;
  const files = filesOf({
    [FILE]: text,
    [at('two.zone')]:
      '@ SOA ns h 1 2 3\n@ NS ns\nns A 192.0.2.1\nx A 192.0.2.256\nx CNAME y\nx A 192.0.2.1\n',
    [at('three.zone')]: `${APEX}@ SOA ns h 2 2 3 4 5\nx CNAME y\nx A 192.0.2.1\n`,
  });
  const { errors } = checkConfig(FILE, files);
  t.match(errors.map(problemToText), [
    /causeway\.yaml:1:43: vpcs\[0\]\.colour: unknown key "colour"/,
    /causeway\.yaml:3:25: zones\[0\]\.file: missing\.zone: there is no such file/,
    /causeway\.yaml:4:42: zones\[1\]\.vpcs\[0\]: no VPC has the id "vpc-b"/,
    /causeway\.yaml:5:63: zones\[2\]\.overlay: "some" is not known here/,
    /causeway\.yaml:6:26: zones\[3\]\.file: four\.zone: there is no such file/,
    /causeway\.yaml:7:13: zones\[4\]\.name: /,
    /causeway\.yaml:11:\d+: zones\[5\]\.records: /,
    /causeway\.yaml:12:7: zones\[5\]\.records: x\.five\.: CNAME: not allowed beside other data/,
    /two\.zone:1:\d+: /,
    /two\.zone:4:5: /,
    /two\.zone:5:1: x\.two\.: CNAME: not allowed beside other data \(A\)/,
    /three\.zone:1:1: three\.: SOA: 2 records; at most one/,
    /three\.zone:5:1: x\.three\.: CNAME: not allowed beside other data \(A\)/,
  ]);
  t.equal(errors.length, 13, 'and none that only follows: the SOA of two. is there, but cannot be read');
  t.same(readConfig(FILE, undefined, files).errors, errors, 'a reload tells the same');
});

t.test('no path or link leads out of the folder of the configuration', async (t) => {
  const outside = {
    '/etc/secret': APEX,
    [at('link.zone')]: '→ ../secret',
    [at('in.zone')]: APEX,
    [at('ok.zone')]: '→ in.zone',
  };
  for (const file of ['../secret', '/etc/secret', 'link.zone', 'zones/../../secret'])
    t.match(
      errorsOf(ZONE(file), { ...outside, [at('zones/x')]: '' }),
      [/the file lies outside of \/etc\/causeway; move it there/],
      file,
    );
  t.same(errorsOf(ZONE('ok.zone'), outside), [], 'a link inside is fine');
  t.same(errorsOf(ZONE(at('in.zone')), outside), [], 'and an absolute path');
});

t.test('$INCLUDE stays in the folder of the zone file', async (t) => {
  const main = (path: string): string => `${APEX}$INCLUDE ${path}\n`;
  const folder = {
    [at('zones/part')]: 'www 300 A 192.0.2.80\n',
    [at('zones/sub/deep')]: '$INCLUDE ../part\n',
    [at('zones/link')]: '→ ../causeway.secret',
    [at('causeway.secret')]: 'hunter2\n',
  };
  for (const path of ['part', 'sub/deep', './part', at('zones/part')])
    t.ok(
      recordsOf(
        compileText(ZONE('zones/z'), { ...folder, [at('zones/z')]: main(path) }),
        'example.@vpc-a',
      ).includes('www.example. A 192.0.2.80'),
      path,
    );
  for (const path of [
    '../causeway.secret',
    'link',
    '/etc/passwd',
    'sub/../../causeway.secret',
    'missing',
    'sub',
  ]) {
    const errors = errorsOf(ZONE('zones/z'), {
      ...folder,
      '/etc/passwd': 'root',
      [at('zones/z')]: main(path),
    });
    t.match(errors, [/zones\/z:4:10: cannot include/], path);
    t.notMatch(errors.join(), /hunter2|root/, 'nothing of the file is shown');
  }
  t.match(errorsOf(INLINE('"$INCLUDE part"')), [/\$INCLUDE is not allowed here/]);
});

t.test('a zone that did not change keeps its image', async (t) => {
  const folder: Folder = {
    [at('zones/z')]: `${APEX}$INCLUDE part\n`,
    [at('zones/part')]: 'www 300 A 192.0.2.80\n',
  };
  const first = compileText(ZONE('zones/z'), folder);
  const image = (compiled: typeof first): unknown => compiled.snapshot?.zones[0]?.image;
  t.equal(image(compileText(ZONE('zones/z'), folder, first)), image(first));
  t.equal(image(compileText(`# moved\n${ZONE('zones/z')}`, folder, first)), image(first));
  const included = { ...folder, [at('zones/part')]: 'www 300 A 192.0.2.81\n' };
  t.not(image(compileText(ZONE('zones/z'), included, first)), image(first), 'an included file changed');
  t.not(image(compileText(ZONE('zones/z'), { ...folder, [at('zones/z')]: APEX }, first)), image(first));
  t.not(
    image(compileText(ZONE('zones/z', ', ttl: 1h'), folder, first)),
    image(first),
    'the TTL setting changed',
  );
});

t.test('warnings: what the build leaves out, and a zone that loses all its names', async (t) => {
  const twice = { [at('a.zone')]: `${APEX}www 300 A 192.0.2.1\nwww 300 A 192.0.2.1\n` };
  const first = compileText(ZONE('a.zone'), twice);
  t.match(first.warnings.map(problemToText), [/a\.zone:4:1: www\.example\.: A: 1 duplicates left out/]);
  t.match(
    compileText(ZONE('a.zone'), twice, first).warnings.map(problemToText),
    [/duplicates/],
    'also when it is kept',
  );
  const emptied = compileText(
    ZONE('a.zone'),
    { [at('a.zone')]: '@ 300 SOA a. b. 1 2 3 4 5\n@ 300 NS ns.test.\n' },
    first,
  );
  t.match(emptied.warnings.map(problemToText), [
    /zones\[0\]: zone example\.@vpc-a had names and now has none but its own/,
  ]);
  t.ok(emptied.snapshot, 'the file is the operator’s word');
});

t.test('on a real disk', async (t) => {
  const folder = t.testdir({ 'causeway.yaml': ZONE('zones/z'), outside: 'secret' });
  const config = join(folder, 'conf');
  mkdirSync(join(config, 'zones'), { recursive: true });
  writeFileSync(join(config, 'causeway.yaml'), ZONE('zones/z'));
  writeFileSync(join(config, 'zones/z'), `${APEX}$INCLUDE part\n`);
  symlinkSync('../../outside', join(config, 'zones/part'));
  t.match(checkConfig(join(config, 'causeway.yaml')).errors.map(problemToText), [
    /z:4:10: cannot include "part": the file lies outside of/,
  ]);
  symlinkSync('conf/causeway.yaml', join(folder, 'link.yaml'));
  t.match(
    checkConfig(join(folder, 'link.yaml')).errors.map(problemToText),
    [/no such file/],
    'paths start where the link lies',
  );
});

/** Files of hints and of trust anchors: where they are looked for, and what is said of bad ones. */
import { join } from 'node:path';
import t from 'tap';
import { parseHints } from '../../../src/control/compile/hints.ts';
import { readConfig } from '../../../src/control/compile.ts';
import { problemToText } from '../../../src/control/config/problem.ts';
import type { RecursivePath } from '../../../src/resolver/path.ts';
import { nameToText } from '../../../src/wire/name.ts';
import { BASE, FILE, filesOf } from '../config/support.ts';
import type { Folder } from './support.ts';

const DS = (tag: number): string => `DS ${tag} 13 2 ${'ab'.repeat(32)}`;

function read(recursion: string, folder: Folder, rest = BASE): ReturnType<typeof readConfig> {
  const text = recursion === '' ? rest : `recursion: ${recursion}\n${rest}`;
  return readConfig(FILE, undefined, filesOf({ [FILE]: text, ...folder }));
}

function anchorsOf(recursion: string, folder: Folder): string[] {
  const { compiled, errors } = read(recursion, folder);
  if (compiled === undefined) throw new Error(errors?.map(problemToText).join('\n'));
  return compiled.snapshot.recursion.anchors.map(
    ({ zone, ds, dnskey }) => `${nameToText(zone)} ${ds.length} ${dnskey.length}`,
  );
}

const errorsOf = (recursion: string, folder: Folder, rest = BASE): string[] =>
  (read(recursion, folder, rest).errors ?? []).map(problemToText);
const warningsOf = (recursion: string, folder: Folder): string[] =>
  read(recursion, folder)
    .warnings.filter(({ path }) => path.startsWith('recursion'))
    .map(problemToText);

t.test('a private root: hints and anchors of its own, relative to the file', async (t) => {
  const { compiled } = read('{ hints: root/hints, anchors: root/key }', {
    '/etc/causeway/root/hints': '. NS a.root.\n. NS b.root.\na.root. A 192.0.2.1\nb.root. AAAA 2001:db8::1\n',
    '/etc/causeway/root/key': `. ${DS(1)}\n`,
  });
  const { servers } = compiled!.snapshot.paths[0] as RecursivePath;
  t.same(
    servers.map(({ name, addresses }) => [nameToText(name), addresses.map(({ address }) => address)]),
    [
      ['a.root.', ['192.0.2.1']],
      ['b.root.', ['2001:db8::1']],
    ],
  );
  t.same(
    warningsOf('{ hints: h, anchors: k }', {
      '/etc/causeway/h': '. NS a.\na. A 192.0.2.1',
      '/etc/causeway/k': `. ${DS(1)}`,
    }),
    [],
  );
});

t.test('anchors of several files: each zone once, each record once', async (t) => {
  const folder = {
    '/etc/causeway/a': `. ${DS(1)}\ncorp.example. ${DS(2)}\n`,
    '/etc/causeway/b': `CORP.example. ${DS(2)}\ncorp.example. ${DS(3)}\n`,
  };
  t.same(anchorsOf('{ anchors: [a, b] }', folder), ['. 1 0', 'corp.example. 2 0']);
  t.same(anchorsOf('{ anchors: a }', folder), ['. 1 0', 'corp.example. 1 0']);
});

t.test('hints of the public root in another form suit its anchors', async (t) => {
  const shipped = read('', {});
  const { servers } = shipped.compiled!.snapshot.paths[0] as RecursivePath;
  const hints = `; as of BIND\n$TTL 518400\n${servers
    .map(({ name, addresses }) => {
      const text = nameToText(name);
      const lines = addresses.map(
        ({ address }) => `${text} IN ${address.includes(':') ? 'AAAA' : 'A'} ${address}`,
      );
      return `. IN NS ${text}\n${lines.join('\n')}`;
    })
    .join('\n')}\n`;
  t.same(warningsOf('{ hints: h }', { '/etc/causeway/h': hints }), []);
});

t.test('hints of another root do not suit the anchors of the public one', async (t) => {
  t.match(warningsOf('{ hints: h }', { '/etc/causeway/h': '. NS a.\na. A 192.0.2.1\n' }), [
    /recursion\.hints: these servers are not those of the public root, but the trust anchors are; add anchors/,
  ]);
});

t.test('anchors without one of the root', async (t) => {
  t.match(warningsOf('{ anchors: k }', { '/etc/causeway/k': `corp.example. ${DS(1)}\n` }), [
    /recursion\.anchors: no anchor of the root: only corp\.example\. and what is below is validated; add .*root\.key/,
  ]);
});

t.test('what is wrong with them is told with everything else', async (t) => {
  const folder = {
    '/etc/causeway/h': '. NS a.\n. NS\na. A 192.0.2.256\n',
    '/etc/causeway/k': `. ${DS(1)}\n. DS nonsense\n`,
  };
  t.match(
    errorsOf(
      '{ hints: h, anchors: [k, gone], port: 0 }',
      folder,
      `${BASE}zones: [{ name: z, file: z, vpcs: [vpc-a] }]`,
    ),
    [
      /causeway\.yaml:1:37: recursion\.anchors\[1\]: gone: there is no such file; check the path/,
      /causeway\.yaml:1:50: recursion\.port: "0" is out of range/,
      /causeway\.yaml:8:26: zones\[0\]\.file: z: there is no such file/,
      /\/etc\/causeway\/h:2:\d+: /,
      /\/etc\/causeway\/h:3:\d+: /,
      /\/etc\/causeway\/k:2:\d+: /,
    ],
  );
});

t.test('hints and anchors that are none', async (t) => {
  t.match(errorsOf('{ hints: h }', { '/etc/causeway/h': '; empty\n' }), [
    /h:1:1: no server of the root with an address; write lines such as/,
  ]);
  t.match(errorsOf('{ anchors: k }', { '/etc/causeway/k': '; empty\n' }), [
    /k:1:1: no trust anchor; write a DS/,
  ]);
  t.match(errorsOf('{ anchors: k }', { '/etc/causeway/k': `. DS 1 5 2 ${'ab'.repeat(32)}\n` }), [
    /k:1:1: \.: no supported algorithm: RSASHA1/,
  ]);
  t.same(errorsOf('{ anchors: k, sha1: on }', { '/etc/causeway/k': `. DS 1 5 2 ${'ab'.repeat(32)}\n` }), []);
  const { hints, warnings } = parseHints(
    '. NS a.\n. NS b.\na. A 192.0.2.1\nexample. NS c.\nc. A 192.0.2.2\n',
    'h',
  );
  t.equal(hints.length, 1, 'name servers of other zones are no hints');
  t.match(warnings, [{ file: 'h', line: 2, message: /^b\. has no address here and is not asked/ }]);
});

t.test('a reload keeps hints and anchors that did not change', async (t) => {
  const folder = t.testdir({ 'causeway.yaml': BASE, other: '' });
  const file = join(folder, 'causeway.yaml');
  const first = readConfig(file);
  const next = readConfig(file, first.compiled);
  t.same(next.compiled!.changes, []);
  t.same(next.compiled!.touched, []);
});

/** Of YAML only plain data is taken; everything else is refused with its place. */
import t from 'tap';
import { PATIENCE } from '../../support/patience.ts';
import { errorsOf, good, load } from './support.ts';

t.test('aliases, anchors, merge keys and tags are refused', async (t) => {
  const text = [
    'node: &n',
    '  name: a',
    '  cache: !!str 64MB',
    'vpcs: *n',
    'zones: !mine []',
    'rules:',
    '  - <<: { id: x }',
  ].join('\n');
  const errors = errorsOf(text);
  t.match(
    errors.find((error) => error.startsWith('2:3 ')),
    /anchor &n/,
  );
  t.match(
    errors.find((error) => error.startsWith('3:')),
    /tag tag:yaml\.org,2002:str/,
  );
  t.match(
    errors.find((error) => error.startsWith('4:7 ')),
    /alias \*n; aliases are not taken/,
  );
  t.match(
    errors.find((error) => error.startsWith('5:')),
    /tag !mine/,
  );
  t.match(
    errors.find((error) => error.startsWith('7:5 ')),
    /merge key <</,
  );
});

t.test('an alias bomb costs nothing', async (t) => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let i = 1; i < 10; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    );
  load(lines.join('\n'));
  const start = performance.now();
  t.ok(errorsOf(lines.join('\n')).length > 10);
  t.ok(performance.now() - start < 100 * PATIENCE, 'no expansion: milliseconds');
});

t.test('duplicate keys are refused, and the rest is still checked', async (t) => {
  t.same(errorsOf('node: { name: a, name: b }\nnode: {}\nvpcz: []'), [
    '1:18 : this key stands here twice; keep one of them',
    '2:1 : this key stands here twice; keep one of them',
    '3:1 vpcz: unknown key "vpcz"; did you mean "vpcs"?',
  ]);
});

t.test('syntax errors: all of them, and nothing that follows from them', async (t) => {
  const errors = errorsOf('vpcs:\n  - { id: a, cidrs: [10.0.0.0/8 }\nendpoints:\n\tinbound: []\n');
  t.ok(errors.length > 0);
  t.match(errors[0], /^2:/);
  t.notMatch(errors.join('\n'), /unknown key|missing;/);
  t.match(errorsOf('listen: [::1]:5353').join(), /"\[::1\]:5353"/, 'the commonest slip has its remedy');
});

t.test('one document, UTF-8, at most 1 MB, not too deep, keys are text', async (t) => {
  t.match(errorsOf('node: {}\n---\nnode: {}').join(), /^2:1 .*multiple documents/);
  t.match(errorsOf(Uint8Array.from([0x61, 0x3a, 0x20, 0xff])).join(), /not UTF-8/);
  t.match(errorsOf(' '.repeat(1024 * 1024 + 1)).join(), /1048577 octets/);
  t.match(errorsOf(`node: ${'['.repeat(200)}${']'.repeat(200)}`).join(), /nested too deeply/);
  t.match(errorsOf('1: a').join(), /1:1 : a key that is not text/);
  t.match(errorsOf('? [a]\n: b').join(), /a key that is not text/);
});

t.test('keys of JavaScript objects are keys like others', async (t) => {
  t.match(errorsOf('__proto__: { a: 1 }\nconstructor: 1\nnode: { toString: 1, __proto__: {} }'), [
    /1:1 __proto__: unknown key/,
    /2:1 constructor: unknown key/,
    /3:9 node\.toString: unknown key/,
    /3:22 node\.__proto__: unknown key/,
  ]);
  t.equal(Object.keys(Object.prototype).length, 0);
});

t.test('an empty file, a comment, a byte order mark: all defaults', async (t) => {
  for (const text of ['', '# nothing\n', '\ufeffnode: {}\n']) t.equal(good(text).node.name, 'causeway');
  t.match(
    errorsOf('- a').join(),
    /1:1 : a list stands here; write keys and values; known here: node, recursion, vpcs/,
  );
  t.match(errorsOf('just text').join(), /a text stands here/);
});

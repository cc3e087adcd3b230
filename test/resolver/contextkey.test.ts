import t from 'tap';
import { contextKey } from '../../src/resolver/contextkey.ts';
import { nameFromText } from '../../src/wire/name.ts';

const name = nameFromText;

t.test('keys tell contexts and names apart, and nothing else', async (t) => {
  const contexts = [0, 1, 256, 0x01000000, 0xffffffff];
  const names = ['.', 'test.', 'a.test.', 'a\\.test.', 'aa.test.'].map((text) => name(text));
  const keys = contexts.flatMap((context) => names.map((each) => contextKey(context, each)));
  t.equal(new Set(keys).size, contexts.length * names.length);
  t.equal(contextKey(7, name('A.Test.')), contextKey(7, name('a.tEST.')));
});

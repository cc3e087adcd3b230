import t from 'tap';
import { contextKey } from '../../src/resolver/contextkey.ts';
import { nameFromText } from '../../src/wire/name.ts';

const name = nameFromText;

t.test('keys tell contexts, names and marks apart, and nothing else', async (t) => {
  const contexts = [0, 1, 256, 0x01000000, 0xffffffff];
  const names = ['.', 'test.', 'a.test.', 'a\\.test.', 'aa.test.'].map((text) => name(text));
  const keys = contexts.flatMap((context) =>
    names.flatMap((each) => [0, 1, 255].map((mark) => contextKey(context, each, mark))),
  );
  t.equal(new Set(keys).size, contexts.length * names.length * 3);
  t.equal(contextKey(7, name('A.Test.')), contextKey(7, name('a.tEST.')));
});

import t from 'tap';
import { share } from '../../src/util/sharing.ts';

const octets = (...values: number[]): SharedArrayBuffer => {
  const buffer = new SharedArrayBuffer(values.length);
  new Uint8Array(buffer).set(values);
  return buffer;
};

t.test('what is equal is the one of before', async (t) => {
  const make = () => ({
    name: Uint8Array.of(1, 97, 0),
    list: [
      { a: 1, b: undefined },
      { a: 2, table: octets(1, 2, 3) },
    ],
    words: Uint32Array.of(1, 2),
    none: null,
    nan: Number.NaN,
  });
  const before = make();
  t.equal(share(before, make()), before);
  t.equal(share(before, before), before);
});

t.test('what changed is the one of after, in parts of before', async (t) => {
  const before = { left: { a: [1] }, right: { b: [{ c: 1 }, { d: 2 }], e: octets(1) } };
  const after = { left: { a: [1] }, right: { b: [{ c: 1 }, { d: 3 }], e: octets(1) } };
  const shared = share(before, after);
  t.same(shared, after);
  t.not(shared, before);
  t.equal(shared.left, before.left);
  t.equal(shared.right.e, before.right.e);
  t.equal(shared.right.b[0], before.right.b[0]);
  t.not(shared.right.b[1], before.right.b[1]);
  t.same(after, { left: { a: [1] }, right: { b: [{ c: 1 }, { d: 3 }], e: octets(1) } }, 'after is as it was');
});

t.test('lists and objects that are longer, shorter or of another kind are no equals', async (t) => {
  const pairs: [unknown, unknown][] = [
    [[1, 2], [1]],
    [[1], [1, 2]],
    [{ a: 1 }, { a: 1, b: undefined }],
    [{ a: 1, b: undefined }, { a: 1 }],
    [{ a: undefined }, { b: undefined }],
    [octets(1, 2), octets(1, 2, 3)],
    [octets(1, 2), octets(1, 3)],
    [Uint8Array.of(1), Uint8Array.of(2)],
    [Uint8Array.of(1, 0, 0, 0), Uint32Array.of(1)],
    [[], {}],
    [{}, null],
    [null, {}],
    [undefined, {}],
    [0, -0],
    [[0], [-0]],
    [[1, 2], new Array(2).fill(1, 0, 1)],
    [{ a: 1 }, JSON.parse('{"__proto__":{"a":1},"a":1}')],
    ['1', 1],
    [new Map([[1, 2]]), new Map([[1, 2]])],
  ];
  for (const [before, after] of pairs) {
    const shared = share(before, after);
    t.strictSame(shared, after);
    t.notOk(Object.is(shared, before));
  }
});

import fc from 'fast-check';
import t from 'tap';
import { NAME_OCTETS_MAX } from '../../src/wire/constants.ts';
import { Cursor } from '../../src/wire/cursor.ts';
import { WireError } from '../../src/wire/error.ts';
import { nameFromText, nameToText } from '../../src/wire/name.ts';

/** Octets from numbers and, for labels, text: `octets(3, 'www', 0)`. */
function octets(...parts: (number | string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'number' ? [part] : [...Buffer.from(part as string, 'latin1')])),
  );
}

function pointer(target: number): Uint8Array {
  return Uint8Array.of(0xc0 | (target >> 8), target & 0xff);
}

/** The name at `at`, and where the cursor stands after it. */
function read(buf: Uint8Array, at = 0, end = buf.length): string {
  const c = new Cursor(buf, at, end);
  const name = nameToText(c.name());
  return `${name} ${c.off}`;
}

t.test('integers and octets are read within bounds only', async (t) => {
  const c = new Cursor(octets(1, 2, 3, 0xff, 0xff, 0xff, 0xff, 8, 9, 10));
  t.equal(c.u8(), 1);
  t.equal(c.u16(), 0x0203);
  t.equal(c.u32(), 0xffffffff);
  t.same(c.bytes(2), octets(8, 9));
  t.equal(c.left, 1);
  t.throws(() => c.u16(), { name: 'WireError', offset: 9 });
  t.throws(() => c.bytes(2), WireError);
  t.throws(() => c.u32(), WireError);
  c.skip(1);
  t.throws(() => c.u8(), WireError);
  t.throws(() => c.skip(1), WireError);
  const inner = new Cursor(octets(1, 2, 3), 0, 1);
  t.throws(() => inner.u16(), WireError, 'the end set by the reader counts, not that of the buffer');
});

t.test('what was read does not change with the buffer', async (t) => {
  for (const buf of [octets(1, 'a', 0, 7, 8), Buffer.from(octets(1, 'a', 0, 7, 8))]) {
    const c = new Cursor(buf);
    const name = c.name();
    const bytes = c.bytes(2);
    buf.fill(0xee);
    t.same(name, octets(1, 'a', 0), buf.constructor.name);
    t.same(bytes, octets(7, 8), buf.constructor.name);
  }
});

t.test('names', async (t) => {
  t.equal(read(octets(0)), '. 1');
  t.equal(read(octets(3, 'wWw', 7, 'example', 0, 99)), 'wWw.example. 13');
  t.equal(read(octets(3, 'a.b', 2, 0, 0xff, 0)), 'a\\.b.\\000\\255. 8', 'labels hold any octet');
  t.throws(() => read(octets()), /past the end/);
  t.throws(() => read(octets(3, 'ww')), /past the end/);
  t.throws(() => read(octets(3, 'www')), /past the end/);
  t.throws(() => read(octets(3, 'www', 0), 0, 4), /past the end/, 'the root label is outside');
  for (const kind of [0x40, 0x7f, 0x80, 0xbf])
    t.throws(() => read(octets(kind, 0, 0)), /label type/, `${kind}`);
});

t.test('pointers', async (t) => {
  const message = octets(7, 'example', 0, 3, 'www', pointer(0), pointer(9), 1, 'a', pointer(15));
  t.equal(read(message, 9), 'www.example. 15');
  t.equal(read(message, 15), 'www.example. 17', 'to a name that ends in a pointer');
  t.equal(read(message, 17), 'a.www.example. 21', 'to a pointer');
  t.throws(() => new Cursor(message, 9).name(false), /compressed name/);
  t.throws(() => read(octets(0, 0xc0), 1), /past the end/, 'half a pointer');

  t.test('lead backward, or nowhere', async (t) => {
    const backward = /does not lead backward/;
    t.throws(() => read(pointer(0)), backward, 'to itself');
    t.throws(() => read(octets(pointer(2), 0)), backward, 'forward');
    t.throws(() => read(octets(1, 'a', pointer(0))), backward, 'into its own name');
    t.throws(() => read(octets(1, 'a', pointer(2))), backward, 'to itself after a label');
    t.throws(() => read(octets(pointer(2), pointer(0)), 2), backward, 'two in a loop');
    t.throws(() => read(octets(1, 'a', pointer(4), pointer(0)), 4), backward, 'a loop through labels');
    t.throws(() => read(octets(0xff, 0xff)), backward, 'past the message');
  });
  t.test('into the middle of a label that runs into the name itself', async (t) => {
    // At 1 a label of 3 octets, which would take in the pointer that led there.
    t.throws(() => read(octets(0, 3, 'a', pointer(1), 0, 0), 3), /past the end/);
  });
});

t.test('63 and 255 octets, uncompressed and through pointers (CVE-2026-52682)', async (t) => {
  const label = (length: number): Uint8Array => octets(length, 'x'.repeat(length));
  const longest = octets(label(63), label(63), label(63), label(61), 0);
  t.equal(longest.length, NAME_OCTETS_MAX);
  t.same(new Cursor(longest).name(), longest);
  t.throws(() => read(octets(label(63), label(63), label(63), label(62), 0)), /over 255/);
  t.throws(
    () => read(octets(longest, 1, 'a', pointer(0)), 255),
    /over 255/,
    'one label too many before a pointer',
  );

  const tail = octets(label(63), label(63), label(63), 0);
  const at = tail.length;
  t.equal(new Cursor(octets(tail, label(61), pointer(0)), at).name().length, 255);
  t.throws(() => read(octets(tail, label(62), pointer(0)), at), /over 255/);
  t.throws(() => read(octets(tail, label(30), pointer(0), label(31), pointer(at)), at + 33), /over 255/);
  t.equal(
    new Cursor(octets(tail, label(30), pointer(0), label(30), pointer(at)), at + 33).name().length,
    255,
  );
});

t.test('a name of 127 labels, each behind a pointer', async (t) => {
  const parts: Uint8Array[] = [octets(0)];
  let last = 0;
  let length = 1;
  for (let i = 0; i < 127; i++) {
    const part = octets(1, 'a', pointer(last));
    parts.push(part);
    last = length;
    length += part.length;
  }
  const message = octets(...parts, pointer(last));
  t.equal(read(message, length), `${'a.'.repeat(127)} ${length + 2}`);
  t.throws(() => read(octets(...parts, 1, 'a', pointer(last)), length), /over 255/);
});

/** `count` pointers after the root, each to the one before. */
function chain(count: number): Uint8Array {
  const parts = [octets(0)];
  for (let i = 0; i < count; i++) parts.push(pointer(i === 0 ? 0 : 2 * i - 1));
  return octets(...parts);
}

t.test('a chain of pointers ends early: many names at its end cost no more than their number', async (t) => {
  t.equal(read(chain(128), 255), '. 257');
  t.throws(() => read(chain(129), 257), /more than 128 pointers/);
  t.throws(() => read(chain(8000), 15999), /more than 128 pointers/);
});

t.test('names of one message unfold to a bounded size', async (t) => {
  const long = octets(...Array.from({ length: 127 }, () => octets(1, 'a')), 0);
  const wide = octets(...[63, 63, 63, 61].map((n) => octets(n, 'x'.repeat(n))), 0);
  for (const name of [long, wide]) {
    const count = Math.floor((65535 - name.length) / 2);
    const c = new Cursor(octets(name, ...Array.from({ length: count }, () => pointer(0))));
    let read = 0;
    t.throws(() => {
      for (; read < count; read++) c.name();
    }, /unfold/);
    t.ok(read > 1000, `${read} names before`);
    const owners = new Cursor(c.buf);
    let shared = 0;
    t.throws(() => {
      for (; shared < count; shared++) owners.owner();
    }, /unfold/);
    t.equal(shared, read, 'also where they are one object');
  }
});

t.test('an owner that is a pointer to the last one is the same object', async (t) => {
  const buf = octets(
    3,
    'www',
    2,
    'up',
    0,
    pointer(0),
    pointer(4),
    pointer(4),
    pointer(0),
    1,
    'a',
    pointer(0),
  );
  const c = new Cursor(buf);
  const [first, again, above, aboveAgain, back, below] = Array.from({ length: 6 }, () => c.owner());
  t.equal(nameToText(first!), 'www.up.');
  t.equal(again, first);
  t.equal(nameToText(above!), 'up.');
  t.equal(aboveAgain, above);
  t.same(back, first);
  t.equal(nameToText(below!), 'a.www.up.');
  const asked = nameFromText('www.up.');
  const told = new Cursor(buf);
  t.equal(told.known(asked), asked);
  t.equal(told.owner(), asked);
  t.throws(() => new Cursor(buf, 8).owner(false), /compressed name/);
});

t.test('owners are as names are: the same octets, the same bounds', async (t) => {
  const part = fc.oneof(
    fc.constantFrom(octets(1, 'a', 0), octets(0), octets(2, 'bc')),
    fc.nat(60).map(pointer),
    fc.uint8Array({ maxLength: 4 }),
  );
  const property = fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
    const [names, owners] = [new Cursor(octets(...parts)), new Cursor(octets(...parts))];
    for (let i = 0; i < 50; i++) {
      const expected = outcomeOf(() => names.name());
      if (expected !== outcomeOf(() => owners.owner()) || names.off !== owners.off) return false;
      if (expected.startsWith('!')) return true;
    }
    return true;
  });
  fc.assert(property, { numRuns: 3000, seed: 1035 });
  t.pass();
});

function outcomeOf(read: () => Uint8Array): string {
  try {
    return read().join();
  } catch (error) {
    return `!${(error as Error).message}`;
  }
}

t.test('skipName moves as name does', async (t) => {
  const table = [
    octets(0),
    octets(3, 'www', 7, 'example', 0, 1),
    octets(3, 'www', 0xc0),
    octets(3, 'www'),
    octets(3, 'ww'),
    octets(0x40),
  ];
  for (const buf of table) {
    const [a, b] = [new Cursor(buf), new Cursor(buf)];
    const outcome = (fn: () => unknown): string => {
      try {
        fn();
        return 'ok';
      } catch (error) {
        return (error as Error).name;
      }
    };
    const expected = outcome(() => a.name());
    t.equal(
      outcome(() => b.skipName()),
      expected,
    );
    if (expected === 'ok') t.equal(b.off, a.off);
  }
  const c = new Cursor(octets(1, 'a', pointer(0), 9));
  c.skipName();
  t.equal(c.off, 4, 'pointers are not followed');
});

t.test('any octets: a name or a WireError, and never past the end', async (t) => {
  const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(299), (buf, at) => {
    const c = new Cursor(buf, Math.min(at, buf.length));
    try {
      const name = c.name();
      return (
        name.length <= 255 && c.off <= buf.length && nameFromText(nameToText(name)).length === name.length
      );
    } catch (error) {
      return error instanceof WireError;
    }
  });
  fc.assert(property, { numRuns: 3000, seed: 1035 });
  t.pass();
});

t.test('what is kept is no part of the buffer, and may be changed', async (t) => {
  for (const length of [3, 200, 4000]) {
    const buf = Uint8Array.from({ length }, (_, i) => i);
    const c = new Cursor(buf, 1);
    const first = c.bytes((length - 1) >> 1);
    const second = c.bytes(c.left);
    const before = second.slice();
    buf.fill(0);
    first.fill(0xff);
    t.same(second, before, `${length} octets`);
  }
});

import fc from 'fast-check';
import t from 'tap';
import { FrameReader, frame } from '../../../src/resolver/transport/frames.ts';

function framed(...messages: Uint8Array[]): Uint8Array {
  return new Uint8Array(messages.flatMap((m) => [m.length >>> 8, m.length & 255, ...m]));
}

t.test('messages come out as they went in, however the stream is cut', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 12, maxLength: 3000 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 20 }),
      (messages, cuts) => {
        const stream = framed(...messages);
        const reader = new FrameReader();
        const out: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % cuts.length]!;
          if (!reader.push(stream.subarray(at, at + size), (m) => out.push(m))) return false;
          at += size;
        }
        return out.length === messages.length && out.every((m, i) => Buffer.compare(m, messages[i]!) === 0);
      },
    ),
  );
});

t.test('the largest message, octet by octet', async (t) => {
  const message = new Uint8Array(65_535).fill(9);
  const stream = new Uint8Array(65_537).fill(9);
  stream.set([255, 255]);
  const reader = new FrameReader();
  const out: Uint8Array[] = [];
  for (let i = 0; i < stream.length; i++) reader.push(stream.subarray(i, i + 1), (m) => out.push(m));
  t.same(out, [message]);
});

t.test('a length under 12 is no DNS', async (t) => {
  for (const length of [0, 1, 11]) {
    const reader = new FrameReader();
    t.notOk(reader.push(new Uint8Array([0, length]), () => t.fail('a message')));
  }
});

t.test('a frame has the length before it and another ID in it', async (t) => {
  const message = new Uint8Array(300).fill(1);
  const out = frame(message, 0xabcd);
  t.same([...out.subarray(0, 5)], [1, 44, 0xab, 0xcd, 1]);
  t.equal(message[0], 1, 'the message itself is left alone');
});

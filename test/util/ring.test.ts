import * as fc from 'fast-check';
import t from 'tap';
import { RingReader, RingWriter, ringBuffer } from '../../src/util/ring.ts';

const CAPACITY = 256;

function write(ring: RingWriter, message: Uint8Array): boolean {
  const at = ring.reserve(message.length);
  if (at < 0) return false;
  ring.octets.set(message, at);
  ring.commit();
  return true;
}

function read(ring: RingReader): Uint8Array | undefined {
  if (!ring.next()) return undefined;
  const message = ring.octets.slice(ring.at, ring.at + ring.length);
  ring.take();
  return message;
}

t.test('whatever is written comes out in order, each once, whoever reads and writes', async (t) => {
  const step = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((message) => ({ do: 'write' as const, message })),
    fc.constantFrom({ do: 'read' as const }, { do: 'read' as const }, { do: 'replace' as const }),
  );
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const buffer = ringBuffer(CAPACITY);
        let writer = new RingWriter(buffer);
        let reader = new RingReader(buffer);
        const queue: Uint8Array[] = [];
        for (const each of steps)
          switch (each.do) {
            case 'write':
              if (write(writer, each.message)) queue.push(each.message);
              // The end of the buffer may be left unused once: twice the size always fits.
              else if (queue.reduce((sum, { length }) => sum + length + 8, 0) + 216 <= CAPACITY)
                throw new Error('there was room');
              break;
            case 'read': {
              const got = read(reader);
              const wanted = queue.shift();
              if (Buffer.compare(got ?? Buffer.of(0), wanted ?? Buffer.of(0)) !== 0) throw new Error('other');
              if ((got === undefined) !== (wanted === undefined)) throw new Error('lost or made up');
              break;
            }
            case 'replace':
              writer = new RingWriter(buffer);
              reader = new RingReader(buffer);
          }
      }),
    ),
  );
});

t.test('what is reserved is not there before it is committed', async (t) => {
  const buffer = ringBuffer(CAPACITY);
  const writer = new RingWriter(buffer);
  const reader = new RingReader(buffer);
  t.ok(writer.reserve(8) > 0);
  t.notOk(reader.next());
  writer.commit();
  t.ok(reader.next());
  t.equal(reader.length, 8);
});

t.test('positions pass 2^32', async (t) => {
  const buffer = ringBuffer(CAPACITY);
  // As after 4 GB, less a few octets.
  new Int32Array(buffer).fill(-16, 0, 64);
  const writer = new RingWriter(buffer);
  const reader = new RingReader(buffer);
  for (let i = 0; i < 50; i++) {
    t.ok(write(writer, Uint8Array.of(i, i)));
    t.same(read(reader), Uint8Array.of(i, i));
  }
});

t.test('a full ring takes nothing, and again when there is room', async (t) => {
  const buffer = ringBuffer(CAPACITY);
  const writer = new RingWriter(buffer);
  const reader = new RingReader(buffer);
  let written = 0;
  while (write(writer, new Uint8Array(28))) written++;
  t.equal(written, CAPACITY / 32);
  t.ok(read(reader));
  t.ok(write(writer, new Uint8Array(28)));
  t.notOk(write(writer, new Uint8Array(28)));
  t.throws(() => ringBuffer(100));
});

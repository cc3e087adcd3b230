import fc from 'fast-check';
import t from 'tap';
import { CircularLog } from '../../src/util/circularlog.ts';

t.test('pieces go round, and a filler takes what is too short at the end', async (t) => {
  const log = new CircularLog(1, 11);
  t.same([log.append(4), log.append(4)], [1, 5]);
  t.match(log, { gap: 2, free: 2, isWrapped: false });
  log.drop(4);
  t.match(log, { gap: 2, free: 6, head: 5 });
  t.equal(log.wrap(), 2, 'the filler');
  t.match(log, { gap: 4, free: 4, isWrapped: true });
  t.equal(log.append(4), 1);
  t.match(log, { gap: 0, free: 0, isWrapped: true });
  log.drop(4);
  log.drop(2);
  t.match(log, { gap: 6, head: 1, isWrapped: false });
  log.drop(4);
  t.match(log, { gap: 10, free: 10, head: 1 });
});

t.test('property: pieces never overlap, and come off in the order in which they were put on', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 200, size: 'max' }), (lengths) => {
      const log = new CircularLog(3, 40);
      const pieces: { place: number; units: number }[] = [];
      const drop = (): void => {
        const oldest = pieces.shift()!;
        if (log.head !== oldest.place) throw new Error('out of order');
        log.drop(oldest.units);
      };
      for (const units of lengths) {
        while (log.gap < units)
          if (log.isWrapped) drop();
          else {
            const place = log.tail;
            const rest = log.wrap();
            if (rest > 0) pieces.push({ place, units: rest });
          }
        const place = log.append(units);
        if (place < 3 || place + units > 40) return false;
        if (pieces.some((other) => place < other.place + other.units && other.place < place + units))
          return false;
        pieces.push({ place, units });
        if (log.free !== 37 - pieces.reduce((sum, piece) => sum + piece.units, 0)) return false;
      }
      return true;
    }),
    { numRuns: 500 },
  );
});

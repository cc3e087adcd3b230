/** How many questions may be out at a zone's servers, by how they end. */
import t from 'tap';
import { FetchCap, ZONE_FETCHES_MAX } from '../../src/resolver/fetchcap.ts';

/** Ends `count` questions one after another, a share of them as failures. */
function end(cap: FetchCap, count: number, failed: number): void {
  for (let i = 0; i < count; i++) {
    if (!cap.take()) throw new Error('full');
    cap.give((i % 100) / 100 < failed);
  }
}

t.test('no more than the cap are out, and each that ends makes room for one', async (t) => {
  const cap = new FetchCap(3);
  t.same([cap.take(), cap.take(), cap.take(), cap.take()], [true, true, true, false]);
  t.equal(cap.out, 3, 'one that was refused is not out');
  cap.give(false);
  t.equal(cap.out, 2);
  t.ok(cap.take());
  t.notOk(cap.take());
});

t.test('where more than three of ten fail it shrinks, down to a floor', async (t) => {
  const cap = new FetchCap();
  t.equal(cap.max, ZONE_FETCHES_MAX);
  end(cap, 99, 1);
  t.equal(cap.max, ZONE_FETCHES_MAX, 'not for a few');
  end(cap, 1, 1);
  t.equal(cap.max, 140);
  end(cap, 100, 0.31);
  t.equal(cap.max, 98);
  end(cap, 100, 0.3);
  t.equal(cap.max, 98, 'three of ten are still borne');
  end(cap, 5000, 1);
  t.equal(cap.max, 20, 'never less: other names of the zone may be fine');
});

t.test('where they end well again it grows back, and no further than where it began', async (t) => {
  const cap = new FetchCap();
  end(cap, 2000, 1);
  t.equal(cap.max, 20);
  end(cap, 100, 0.1);
  t.equal(cap.max, 20, 'one in ten is not well enough');
  end(cap, 100, 0.09);
  t.equal(cap.max, 22);
  end(cap, 10_000, 0);
  t.equal(cap.max, ZONE_FETCHES_MAX);
});

t.test('those that are out when it shrinks end in their own time', async (t) => {
  const cap = new FetchCap(200, 20);
  for (let i = 0; i < 200; i++) t.ok(cap.take());
  for (let i = 0; i < 100; i++) cap.give(true);
  t.equal(cap.max, 140);
  t.equal(cap.out, 100);
  for (let i = 0; i < 40; i++) t.ok(cap.take());
  t.notOk(cap.take());
});

t.test('a floor over the cap is the cap', async (t) => {
  const cap = new FetchCap(5, 20);
  end(cap, 1000, 1);
  t.equal(cap.max, 5);
});

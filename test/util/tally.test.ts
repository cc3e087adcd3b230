import t from 'tap';
import { Tally, tallyBuffer } from '../../src/util/tally.ts';

const key = (i: number): Uint8Array => new Uint8Array([10, i >> 16, i >> 8, i]);

function add(tally: Tally, i: number, times: number): void {
  for (let n = 0; n < times; n++) tally.add(tally.placeOf(key(i)));
}

t.test('what one worker counts all know', async (t) => {
  const buffer = tallyBuffer(3);
  const [a, b, c] = [0, 1, 2].map((slot) => new Tally(buffer, slot, 42)) as [Tally, Tally, Tally];
  add(a, 1, 30);
  add(b, 1, 12);
  t.equal(c.count(c.placeOf(key(1))), 42);
  t.equal(c.count(c.placeOf(key(2))), 0, 'of others there are none');
  for (let n = 0; n < 12; n++) b.remove(b.placeOf(key(1)));
  t.equal(c.count(c.placeOf(key(1))), 30);
});

t.test('what a dead worker had counted is given back by its successor', async (t) => {
  const buffer = tallyBuffer(2);
  const survivor = new Tally(buffer, 0, 42);
  add(survivor, 1, 10);
  for (let deaths = 0; deaths < 3; deaths++) {
    add(new Tally(buffer, 1, 42), 1, 22);
    t.equal(survivor.count(survivor.placeOf(key(1))), 32);
  }
  new Tally(buffer, 1, 42);
  t.equal(survivor.count(survivor.placeOf(key(1))), 10);
});

t.test(
  'a modest key among many greedy ones is told of more than it has at most once in 300 times',
  async (t) => {
    // 64 workers with 2,048 questions each, in as many hands as make them all full.
    const GREEDY = 131;
    let mistaken = 0;
    for (let seed = 0; seed < 100; seed++) {
      const tally = new Tally(tallyBuffer(1), 0, seed);
      for (let i = 0; i < GREEDY; i++) add(tally, i, 1);
      for (let i = 1000; i < 1100; i++) if (tally.count(tally.placeOf(key(i))) > 0) mistaken++;
    }
    t.ok(mistaken <= 33, `${mistaken} of 10,000`);
  },
);

t.test('a place is a small integer, whatever the key and the seed', async (t) => {
  const places = Array.from({ length: 200 }, (_, i) => new Tally(undefined, 0, i * 0x7fff3).placeOf(key(i)));
  t.ok(places.every((place) => place >= 0 && place < 2 ** 24));
});

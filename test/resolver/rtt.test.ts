import t from 'tap';
import { PATIENCE_FIRST_MS, PATIENCE_MAX_MS, PATIENCE_MIN_MS, Rtt } from '../../src/resolver/rtt.ts';

t.test('patience: unknown, near, far', async (t) => {
  const rtt = new Rtt();
  t.equal(rtt.patience, PATIENCE_FIRST_MS);
  for (let i = 0; i < 50; i++) rtt.sample(1);
  t.equal(rtt.patience, PATIENCE_MIN_MS);
  for (let i = 0; i < 200; i++) rtt.sample(300);
  t.ok(Math.abs(rtt.smoothed! - 300) < 1);
  t.ok(rtt.patience >= 300 && rtt.patience < 320);
  for (let i = 0; i < 200; i++) rtt.sample(5000);
  t.equal(rtt.patience, PATIENCE_MAX_MS);
});

t.test('RFC 6298: the first sample, and the weights of the next', async (t) => {
  const rtt = new Rtt();
  rtt.sample(100);
  t.match(rtt, { smoothed: 100, variation: 50 });
  rtt.sample(180);
  t.match(rtt, { smoothed: 110, variation: 57.5 });
});

t.test('what is late makes the next wait longer, until a reply comes', async (t) => {
  const rtt = new Rtt();
  for (let i = 0; i < 50; i++) rtt.sample(100);
  const usual = rtt.patience;
  rtt.late();
  t.equal(rtt.patience, 2 * usual);
  for (let i = 0; i < 10; i++) rtt.late();
  t.equal(rtt.patience, PATIENCE_MAX_MS);
  rtt.sample(100);
  t.ok(rtt.patience <= usual);
});

import t from 'tap';
import { BREAKER_DELAY_MAX_MS, BREAKER_FAILURES, Breaker } from '../../src/resolver/breaker.ts';

function failing(): Breaker {
  const breaker = new Breaker();
  for (let i = 1; i < BREAKER_FAILURES; i++) breaker.failed();
  return breaker;
}

t.test('eight failures in a row arouse suspicion, once; a reply in between does not', async (t) => {
  const breaker = failing();
  breaker.answered(0);
  for (let i = 1; i < BREAKER_FAILURES; i++) t.notOk(breaker.failed());
  t.equal(breaker.state, 'closed');
  t.ok(breaker.failed(), 'a probe is to be sent');
  t.equal(breaker.state, 'suspect');
  t.notOk(breaker.failed(), 'not another');
});

t.test('the probe decides: reply closes, silence opens', async (t) => {
  const alive = failing();
  alive.failed();
  t.notOk(alive.answered(0), 'it had not been given up');
  t.equal(alive.state, 'closed');
  const dead = failing();
  dead.failed();
  dead.probeFailed(100);
  t.match(dead, { state: 'open', retryAt: 1100 });
});

t.test('delays double from 1 s to 60 s, and start again after a recovery', async (t) => {
  const breaker = failing();
  breaker.failed();
  breaker.probeFailed(0);
  const delays: number[] = [];
  for (let i = 0; i < 8; i++) {
    delays.push(breaker.retryAt);
    breaker.probing();
    t.equal(breaker.state, 'half-open');
    breaker.probeFailed(0);
  }
  t.same(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, BREAKER_DELAY_MAX_MS, BREAKER_DELAY_MAX_MS]);
  t.ok(breaker.answered(5), 'it had been given up');
  for (let i = 0; i < BREAKER_FAILURES; i++) breaker.failed();
  breaker.probeFailed(0);
  t.equal(breaker.retryAt, 1000);
});

t.test('a probe that fails after a reply has come by another way changes nothing', async (t) => {
  const breaker = failing();
  breaker.failed();
  breaker.answered(0);
  breaker.probeFailed(0);
  t.equal(breaker.state, 'closed');
});

/** The rules of Route 53 by which a check is healthy, as tables. */
import t from 'tap';
import {
  FIRST_VOTE,
  heed,
  isHealthyByAlarm,
  isHealthyByChildren,
  isHealthyByVotes,
  publicStatus,
} from '../../../src/control/health/verdict.ts';

/** The votes after each of the results, `+` and `-`. */
function votes(results: string, threshold: number): string {
  let vote = FIRST_VOTE;
  return [...results]
    .map((result) => {
      vote = heed(vote, result === '+', threshold);
      return vote.healthy ? 'H' : 'u';
    })
    .join('');
}

t.test('a threshold of results in a row, in both directions', async (t) => {
  t.equal(votes('+++', 3), 'HHH', 'healthy until data, and with it');
  t.equal(votes('---', 3), 'HHu');
  t.equal(votes('--+--+--', 3), 'HHHHHHHH', 'a single success begins the count anew');
  t.equal(votes('---++-+++', 3), 'HHuuuuuuH');
  t.equal(votes('-+-+', 1), 'uHuH');
  t.equal(votes('-'.repeat(10), 10), 'HHHHHHHHHu');
});

t.test('more than 18 % of the checkers that report', async (t) => {
  const rows: [healthy: number, reporting: number, expected: boolean][] = [
    [0, 0, true],
    [0, 1, false],
    [1, 1, true],
    [1, 5, true],
    [1, 6, false],
    [2, 11, true],
    [2, 12, false],
    [3, 16, true],
    [3, 17, false],
    [9, 50, false],
    [10, 50, true],
    [18, 100, false],
    [19, 100, true],
  ];
  for (const [healthy, reporting, expected] of rows)
    t.equal(isHealthyByVotes(healthy, reporting), expected, `${healthy} of ${reporting}`);
});

t.test('children: none needed is always, more than there are is never', async (t) => {
  t.equal(isHealthyByChildren(0, 0), true);
  t.equal(isHealthyByChildren(1, 2), false);
  t.equal(isHealthyByChildren(2, 2), true);
  t.equal(isHealthyByChildren(2, 3), false);
});

t.test('alarms, and what want of data means', async (t) => {
  for (const rule of ['Healthy', 'Unhealthy', 'LastKnownStatus'] as const) {
    t.equal(isHealthyByAlarm('ok', rule, false), true);
    t.equal(isHealthyByAlarm('alarm', rule, true), false);
  }
  t.equal(isHealthyByAlarm('insufficient-data', 'Healthy', false), true);
  t.equal(isHealthyByAlarm('insufficient-data', 'Unhealthy', true), false);
  t.equal(isHealthyByAlarm('insufficient-data', 'LastKnownStatus', true), true);
  t.equal(isHealthyByAlarm('insufficient-data', 'LastKnownStatus', false), false);
  t.equal(isHealthyByAlarm('insufficient-data', 'LastKnownStatus', undefined), true, 'none known');
});

t.test('disabled is healthy, and inversion comes last', async (t) => {
  t.equal(publicStatus(true, { disabled: false, inverted: false }), true);
  t.equal(publicStatus(false, { disabled: false, inverted: false }), false);
  t.equal(publicStatus(true, { disabled: false, inverted: true }), false);
  t.equal(publicStatus(false, { disabled: false, inverted: true }), true);
  t.equal(publicStatus(false, { disabled: true, inverted: false }), true);
  t.equal(publicStatus(false, { disabled: true, inverted: true }), false);
  t.equal(publicStatus(true, { disabled: true, inverted: true }), false);
});

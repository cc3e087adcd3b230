import t from 'tap';
import { afterResults, checkRows, isHealthyCheck, isSuccess, resultRows, statusRows } from './healthrules.ts';

t.test('when a check is healthy', async (t) => {
  for (const row of checkRows) t.equal(isHealthyCheck(row), row.healthy, row.what);
});

t.test('what a checker says after its results', async (t) => {
  for (const [results, threshold, says] of resultRows)
    t.equal(
      afterResults(
        [...results].map((result) => result === '+'),
        threshold,
      ),
      says,
      `${results} ${threshold}`,
    );
});

t.test('which status is a success', async (t) => {
  for (const [status, success] of statusRows) t.equal(isSuccess(status), success, String(status));
});

/** What a daemon under test has counted, from its `/metrics`. */

/**
 * The sum of the series that begin with this: a name, or a name and the first of its labels, `name{result="timeout"`.
 * NaN where there is none.
 */
export async function sumOf(port: number, series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(series) && /^[{ ,}]/.test(line.slice(series.length)))
    .map((line) => Number(line.split(' ').at(-1)));
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0);
}

/** Queries that it asked again as no reply came in time: on a slow machine some are. */
export function timeoutsOf(port: number): Promise<number> {
  return sumOf(port, 'causeway_upstream_replies_total{result="timeout"');
}

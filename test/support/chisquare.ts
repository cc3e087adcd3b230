/**
 * How many standard deviations the counts are further from their shares than chance has it, by chi-square: above 5
 * it is not chance, and infinite where something was counted that has no share. Shares that are expected fewer than
 * five times are taken together.
 */
export function deviation(counts: ReadonlyMap<string, number>, shares: ReadonlyMap<string, number>): number {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if ([...counts.keys()].some((key) => !shares.has(key))) return Number.POSITIVE_INFINITY;
  const rare = { count: 0, expected: 0 };
  const cells = [rare];
  for (const [key, share] of shares) {
    const [count, expected] = [counts.get(key) ?? 0, share * total];
    if (expected >= 5) cells.push({ count, expected });
    else {
      rare.count += count;
      rare.expected += expected;
    }
  }
  const used = cells.filter(({ expected }) => expected > 0);
  const statistic = used.reduce((sum, { count, expected }) => sum + (count - expected) ** 2 / expected, 0);
  return used.length < 2 ? 0 : standardised(statistic, used.length - 1);
}

/** Wilson and Hilferty: the cube root of chi-square over its degrees of freedom is nearly normal. */
function standardised(statistic: number, freedom: number): number {
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(statistic / freedom) - (1 - spread)) / Math.sqrt(spread);
}

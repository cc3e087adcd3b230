import { readTopKey, type TopKind, type TopReport, type TopSketch } from '../view/top.ts';

/** What all workers counted, as one: `limit` entries at most, of one VPC if it is told. */
export function topReport(
  kind: TopKind,
  sketches: readonly TopSketch[],
  vpc: string | undefined,
  limit: number,
): TopReport {
  const counts = new Map<string, number>();
  for (const { hitters } of sketches)
    for (const { key, count } of hitters) counts.set(key, (counts.get(key) ?? 0) + count);
  const sum = (of: (sketch: TopSketch) => number): number =>
    Math.round(sketches.reduce((n, each) => n + of(each), 0));
  return {
    kind,
    seconds: Math.round(Math.max(0, ...sketches.map(({ milliseconds }) => milliseconds)) / 1000),
    questions: sum(({ questions }) => questions),
    uncertainty: sum(({ uncertainty }) => uncertainty),
    entries: Array.from(counts, ([key, count]) => ({ ...readTopKey(key), questions: Math.round(count) }))
      .filter((entry) => vpc === undefined || entry.vpc === vpc)
      .sort((a, b) => b.questions - a.questions || (a.what < b.what ? -1 : 1))
      .slice(0, limit),
  };
}

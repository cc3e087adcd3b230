/** The candidate that `text` is most likely a misspelling of, or undefined where none is close. */
export function nearest(text: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** `did you mean "outbound"?`, or the list of what is known where nothing is close. */
export function suggestion(text: string, known: readonly string[]): string {
  const close = nearest(text, known);
  if (close !== undefined) return `did you mean "${close}"?`;
  if (known.length === 0) return 'none is declared in this file';
  const shown = known.slice(0, SUGGESTIONS_MAX).join(', ');
  return `known here: ${shown}${known.length > SUGGESTIONS_MAX ? ', …' : ''}`;
}

/** More would not help the eye. */
const SUGGESTIONS_MAX = 20;
/** Longer texts are no misspelt keys; it bounds the work. */
const TEXT_MAX = 64;

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  if (a.length > TEXT_MAX || b.length > TEXT_MAX) return a === b ? 0 : Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, previous[j]! + 1, row[j - 1]! + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

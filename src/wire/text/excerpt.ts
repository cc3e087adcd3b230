const EXCERPT_CHARS = 60;

/** A word in quotes for an error message, cut short: a word may be as long as its file. */
export function excerpt(text: string): string {
  return text.length <= EXCERPT_CHARS ? `"${text}"` : `"${text.slice(0, EXCERPT_CHARS)}…"`;
}

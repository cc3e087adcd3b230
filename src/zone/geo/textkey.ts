/**
 * A number from 0 to 2^30-1 that stands for a word (the name of a region, of a location) in tables: the same in
 * every thread and image. FNV-1a: who writes the words is trusted, and compilers refuse two that share a number.
 */
export function textKey(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return (state ^ (state >>> 15)) & 0x3fffffff;
}

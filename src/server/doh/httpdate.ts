/** The time in the form of HTTP (RFC 9110 section 5.6.7), drawn up once a second. */
let second = Number.NaN;
let text = '';

/** @param wall milliseconds since 1970 */
export function httpDate(wall: number): string {
  const now = Math.floor(wall / 1000);
  if (now !== second) {
    second = now;
    text = new Date(wall).toUTCString();
  }
  return text;
}

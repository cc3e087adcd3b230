const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

let second = Number.NaN;
let text = '';

/**
 * The time in the form of HTTP (RFC 9110 section 5.6.7), drawn up once a second: `Sun, 06 Nov 1994 08:49:37 GMT`.
 *
 * @param wall milliseconds since 1970
 */
export function httpDate(wall: number): string {
  const now = Math.floor(wall / 1000);
  if (now !== second) {
    second = now;
    const at = Temporal.Instant.fromEpochMilliseconds(1000 * now).toZonedDateTimeISO('UTC');
    const day = `${DAYS[at.dayOfWeek - 1]}, ${two(at.day)} ${MONTHS[at.month - 1]} ${at.year}`;
    text = `${day} ${two(at.hour)}:${two(at.minute)}:${two(at.second)} GMT`;
  }
  return text;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

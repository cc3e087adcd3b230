import t from 'tap';
import { httpDate } from '../../../src/server/doh/httpdate.ts';

t.test('times of HTTP', async (t) => {
  t.equal(httpDate(784111777_999), 'Sun, 06 Nov 1994 08:49:37 GMT', 'as in RFC 9110');
  for (let ms = 0; ms < 4e12; ms += 12_345_678_901) t.equal(httpDate(ms), new Date(ms).toUTCString());
});

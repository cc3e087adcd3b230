import t from 'tap';
import { readRrsig } from '../../src/dnssec/rrsig.ts';
import { cappedTtl, serialDistance, validityOf } from '../../src/dnssec/validity.ts';
import { makeKey, signRrset } from '../support/sign.ts';
import { rrset } from './zones.ts';

const HOUR = 3600;
const DAY = 86_400;
const key = makeKey('example.', { seed: 'validity' });

const sig = (inception: number, expiration: number, originalTtl = 3600) =>
  readRrsig(signRrset(rrset('a.example. A 192.0.2.1'), key, { inception, expiration, originalTtl }))!;

t.test('dates', async (t) => {
  const from = 1_700_000_000;
  const table: [what: string, life: number, now: number, validity: string][] = [
    ['at its inception', 30 * DAY, from, 'valid'],
    ['in its life', 30 * DAY, from + 10 * DAY, 'valid'],
    ['at its expiration', 30 * DAY, from + 30 * DAY, 'valid'],
    ['an hour before, which is our clock or the signer’s', 30 * DAY, from - HOUR, 'valid'],
    ['more than an hour before', 30 * DAY, from - HOUR - 1, 'early'],
    ['a day after 30 days: the most there is', 30 * DAY, from + 31 * DAY, 'valid'],
    ['more than a day after 30 days', 30 * DAY, from + 31 * DAY + 1, 'expired'],
    ['a tenth after 5 days', 5 * DAY, from + 5.5 * DAY, 'valid'],
    ['more than a tenth after 5 days', 5 * DAY, from + 5.5 * DAY + 1, 'expired'],
    ['an hour after a minute: the least there is', 60, from + 60 + HOUR, 'valid'],
    ['more than an hour after a minute', 60, from + 60 + HOUR + 1, 'expired'],
    ['ten years late', 30 * DAY, from + 3650 * DAY, 'expired'],
    ['ten years early', 30 * DAY, from - 3650 * DAY, 'early'],
    ['of no length', 0, from, 'valid'],
    ['that ends before it begins', -1, from, 'inverted'],
  ];
  for (const [what, life, now, validity] of table)
    t.equal(validityOf(sig(from, from + life), now), validity, what);
});

t.test('dates go round at 2^32, in 2106, and have no sign, from 2038 on (RFC 1982)', async (t) => {
  const end = 2 ** 32;
  t.equal(validityOf(sig(end - DAY, end + DAY), end), 'valid');
  t.equal(validityOf(sig(end - DAY, end + DAY), end + 10), 'valid');
  t.equal(validityOf(sig(end - DAY, end + DAY), end + 3 * DAY), 'expired');
  t.equal(validityOf(sig(end + DAY, end + 2 * DAY), end - DAY), 'early');
  const y2038 = 2 ** 31;
  t.equal(validityOf(sig(y2038 - DAY, y2038 + DAY), y2038 - 1), 'valid');
  t.equal(validityOf(sig(y2038 - DAY, y2038 + DAY), y2038 + 1), 'valid');
  t.equal(serialDistance(end - 1, end + 1), 2);
  t.equal(serialDistance(1, 0xffffffff), -2);
});

t.test('the clock may have fractions of a second', async (t) => {
  t.equal(validityOf(sig(1000, 2000), 1999.9), 'valid');
  t.equal(cappedTtl(3600, sig(1000, 2000), 1990.5), 9);
});

t.test('a TTL is never over what was signed (RFC 4035 section 5.3.3)', async (t) => {
  const now = 1_700_000_000;
  t.equal(cappedTtl(300, sig(now - DAY, now + DAY), now), 300, 'as received');
  t.equal(cappedTtl(999_999, sig(now - DAY, now + DAY), now), 3600, 'the original TTL');
  t.equal(cappedTtl(3600, sig(now - DAY, now + 100), now), 100, 'the time to expiration');
  t.equal(
    cappedTtl(3600, sig(now - DAY, now - 100), now),
    60,
    'a minute where it has expired and still counts',
  );
  t.equal(cappedTtl(0, sig(now - DAY, now + DAY), now), 0);
});

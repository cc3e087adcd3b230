/** Where the API listens, and accounts. */
import t from 'tap';
import { DEFAULT_QUOTAS } from '../../../src/control/config/quotas.ts';
import { BASE, errorsOf, good, warningsOf } from './support.ts';

t.test('no API unless it is configured; one account', async (t) => {
  const { api, accounts } = good('{}');
  t.equal(api, undefined);
  t.same(accounts, [{ id: '000000000000', name: 'default', quotas: DEFAULT_QUOTAS }]);
});

t.test('defaults', async (t) => {
  t.same(good('api: {}').api, {
    listen: { address: '127.0.0.1', port: 8053 },
    rateLimit: { rate: 2000, burst: 4000 },
    unknownVpcs: 'refuse',
  });
  t.same(good('api: { listen: "[::1]:80" }').api, {
    listen: { address: '::1', port: 80 },
    rateLimit: { rate: 2000, burst: 4000 },
    unknownVpcs: 'refuse',
  });
});

t.test('an address that others hear is warned of', async (t) => {
  t.same(warningsOf(BASE + 'api: { listen: 127.9.9.9 }'), []);
  t.same(warningsOf(BASE + 'api: { listen: "[::1]" }'), []);
  t.match(warningsOf(BASE + 'api: { listen: 0.0.0.0:8053 }'), [
    /\d+:16 api\.listen: 0\.0\.0\.0 is not a loopback address, and requests to it are not encrypted; give it a certificate by api\.tls, or write 127/,
  ]);
});

t.test('quotas of an account are those of Route 53, but for what it says itself', async (t) => {
  const { accounts } = good('accounts: [{ id: "111122223333", quotas: { hostedZones: 2000 } }]');
  t.same(accounts[0]!.quotas, { ...DEFAULT_QUOTAS, hostedZones: 2000 });
  t.match(DEFAULT_QUOTAS, { hostedZones: 500, recordsPerZone: 10_000, vpcsPerZone: 300, healthChecks: 200 });
  const wrong = 'accounts: [{ id: "111122223333", quotas: { hostedZones: 10001, profiles: 0, zones: 1 } }]';
  t.match(errorsOf(wrong), [
    /accounts\[0\]\.quotas\.hostedZones: .*1 to 10000/,
    /accounts\[0\]\.quotas\.profiles: .*1 to 1000/,
    /accounts\[0\]\.quotas\.zones: /,
  ]);
});

t.test('what is wrong', async (t) => {
  t.match(errorsOf('api: { listen: localhost, rateLimit: { rate: 0 } }'), [
    /api\.listen: /,
    /api\.rateLimit\.rate: .*1 to 1000000/,
  ]);
  t.match(errorsOf('accounts: [{ id: "1" }]').join(), /"1" is not an account; write 12 digits in quotes/);
  t.match(errorsOf('accounts: [{ id: 111122223333 }]').join(), /accounts\[0\]\.id/);
  t.match(
    errorsOf('accounts: [{ id: "111122223333" }, { id: "111122223333" }]').join(),
    /accounts\[1\]\.id: account 111122223333 stands at accounts\[0\]\.id already; leave it out/,
  );
});

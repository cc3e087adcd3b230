import { spawnSync } from 'node:child_process';
import t from 'tap';
import { checkServerCookie, makeServerCookie } from '../../src/wire/cookie.ts';
import { sipHash24 } from '../../src/wire/siphash.ts';

const hex = (s: string): Uint8Array => new Uint8Array(Buffer.from(s, 'hex'));
const toHex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

function sip(key: Uint8Array, message: Uint8Array): string {
  const out = new Uint8Array(10);
  sipHash24(key, message, 0, message.length, out, 1);
  return toHex(out.subarray(1, 9));
}

t.test('SipHash-2-4: the vectors of its authors', async (t) => {
  const key = hex('000102030405060708090a0b0c0d0e0f');
  const vectors = `310e0edd47db6f72 fd67dc93c539f874 5a4fa9d909806c0d 2d7efbd796666785 b7877127e09427cf
    8da699cd64557618 cee3fe586e46c9cb 37d1018bf50002ab 6224939a79f5f593 b0e4a90bdf82009e f3b9dd94c5bb5d7a
    a7ad6b22462fb3f4 fbe50e86bc8f1e75 903d84c02756ea14 eef27a8e90ca23f7 e545be4961ca29a1 db9bc2577fcc2a3f
    9447be2cf5e99a69 9cd38d96f0b3c14b bd6179a71dc96dbb 98eea21af25cd6be c7673b2eb0cbf2d0`.split(/\s+/);
  for (const [length, want] of vectors.entries())
    t.equal(
      sip(
        key,
        Uint8Array.from({ length }, (_, i) => i),
      ),
      want,
      `${length} octets`,
    );
});

/** Undefined where there is no openssl that knows SipHash. */
function opensslSip(key: string, message: Uint8Array): string | undefined {
  const args = ['mac', '-macopt', `hexkey:${key}`, '-macopt', 'size:8', 'SIPHASH'];
  const { status, stdout } = spawnSync('openssl', args, { input: message });
  return status === 0 ? stdout.toString().trim().toLowerCase() : undefined;
}

const skip = opensslSip('00'.repeat(16), Uint8Array.of(1)) === undefined && 'no openssl with SipHash here';

t.test('SipHash-2-4: as OpenSSL computes it', { skip }, async (t) => {
  for (const [length, key] of [
    [20, 'e5e973e5a6b2a43f48e7dc849e37bfcf'],
    [32, 'ffffffffffffffffffffffffffffffff'],
    [63, '80000000000000017fffffffffffffff'],
  ] as const) {
    const message = Uint8Array.from({ length }, (_, i) => (i * 151 + 255) & 255);
    t.equal(sip(hex(key), message), opensslSip(key, message), `${length} octets`);
  }
});

const ip4 = Uint8Array.of(198, 51, 100, 100);
const ip6 = hex('20010db80220000159ded0f4876982b8');
const secret = hex('e5e973e5a6b2a43f48e7dc849e37bfcf');

function make(client: string, address: Uint8Array, seconds: number, current: Uint8Array): string {
  const option = new Uint8Array(24);
  option.set(hex(client));
  makeServerCookie(option, 8, option, 0, address, seconds, { current });
  return toHex(option);
}

t.test('RFC 9018 appendix A.1: learning a new server cookie', async (t) => {
  t.equal(
    make('2464c4abcf10c957', ip4, 1559731985, secret),
    '2464c4abcf10c957010000005cf79f111f8130c3eee29480',
  );
});

t.test('RFC 9018 appendix A.2: the same client learning a renewed server cookie', async (t) => {
  const sent = hex('2464c4abcf10c957010000005cf79f111f8130c3eee29480');
  t.equal(checkServerCookie(sent, 0, ip4, 1559734385, { current: secret }), 'renew', '40 minutes later');
  t.equal(
    make('2464c4abcf10c957', ip4, 1559734385, secret),
    '2464c4abcf10c957010000005cf7a871d4a564a1442aca77',
  );
});

t.test('RFC 9018 appendix A.3: another client, with reserved octets that are not zero', async (t) => {
  const other = Uint8Array.of(203, 0, 113, 203);
  const sent = hex('fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5');
  t.equal(checkServerCookie(sent, 0, other, 1559727985, { current: secret }), 'valid', 'when it was made');
  t.equal(checkServerCookie(sent, 0, other, 1559734700, { current: secret }), 'invalid', '1 h 52 min old');
  t.equal(
    make('fc93fc62807ddb86', other, 1559734700, secret),
    'fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e',
  );
});

t.test('RFC 9018 appendix A.4: IPv6 and a secret that was rolled over', async (t) => {
  const previous = hex('dd3bdf9344b678b185a6f5cb60fca715');
  const current = hex('445536bcd2513298075a5d379663c962');
  const sent = hex('22681ab97d52c298010000005cf7c57926556bd0934c72f8');
  t.equal(checkServerCookie(sent, 0, ip6, 1559741961, { current: previous }), 'valid');
  t.equal(checkServerCookie(sent, 0, ip6, 1559741961, { current, previous }), 'renew');
  t.equal(checkServerCookie(sent, 0, ip6, 1559741961, { current }), 'invalid');
  t.equal(
    make('22681ab97d52c298', ip6, 1559741961, current),
    '22681ab97d52c298010000005cf7c609a6bb79d16625507a',
  );
});

t.test('a cookie is bound to time, client cookie, address and secret', async (t) => {
  const made = 1559731985;
  const good = hex('2464c4abcf10c957010000005cf79f111f8130c3eee29480');
  const check = (cookie: Uint8Array, seconds: number, address: Uint8Array = ip4): string =>
    checkServerCookie(cookie, 0, address, seconds, { current: secret, previous: hex('00'.repeat(16)) });
  t.equal(check(good, made), 'valid');
  t.equal(check(good, made + 1799), 'valid');
  t.equal(check(good, made + 1800), 'renew');
  t.equal(check(good, made + 3600), 'renew');
  t.equal(check(good, made + 3601), 'invalid');
  t.equal(check(good, made - 300), 'valid');
  t.equal(check(good, made - 301), 'invalid');
  t.equal(check(good, made, Uint8Array.of(198, 51, 100, 101)), 'invalid');
  t.equal(check(good, made, ip6), 'invalid');
  for (let octet = 0; octet < 24; octet++) {
    const bad = good.slice();
    bad[octet]! ^= 1;
    t.equal(check(bad, made), 'invalid', `octet ${octet} changed`);
  }
});

t.test('an IPv4 client of a socket for both families is the same client', async (t) => {
  const mapped = hex('00000000000000000000ffffc6336464');
  t.equal(
    make('2464c4abcf10c957', mapped, 1559731985, secret),
    make('2464c4abcf10c957', ip4, 1559731985, secret),
  );
});

t.test('time wraps at 2^32 seconds', async (t) => {
  const before = hex(make('2464c4abcf10c957', ip4, 2 ** 32 - 100, secret));
  t.equal(checkServerCookie(before, 0, ip4, 2 ** 32 + 100, { current: secret }), 'valid');
  t.equal(checkServerCookie(before, 0, ip4, 2 ** 32 + 3600, { current: secret }), 'invalid');
  const after = hex(make('2464c4abcf10c957', ip4, 2 ** 32 + 100, secret));
  t.equal(checkServerCookie(after, 0, ip4, 2 ** 32 - 100, { current: secret }), 'valid');
  t.equal(
    checkServerCookie(hex(make('2464c4abcf10c957', ip4, 0x80000000, secret)), 0, ip4, 0x7fffffff, {
      current: secret,
    }),
    'valid',
    'the year 2038',
  );
});

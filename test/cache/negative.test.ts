import t from 'tap';
import { NXDOMAIN } from '../../src/cache/key.ts';
import { RANK } from '../../src/cache/rank.ts';
import { RCODE, TYPE } from '../../src/wire/constants.ts';
import { name, rrset, SOA, setUp, show, soaText } from './setup.ts';

const CONTEXT = 7;
const www = name('www.example.');
const soa = rrset(SOA);
const a = rrset('www.example. 3600 IN A 192.0.2.1');

t.test('NODATA is of one type', async (t) => {
  const { cache } = setUp();
  t.ok(cache.putNegative(CONTEXT, www, TYPE.AAAA, soa, RANK.answer));
  const cached = cache.get(CONTEXT, www, TYPE.AAAA);
  t.equal(show(cached), `nodata ${soaText(900)}`);
  t.match(cached, { rcode: RCODE.NOERROR, rrset: undefined });
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
});

t.test('whether there is anything of a type is seen without a trace of it', async (t) => {
  const { cache } = setUp();
  t.notOk(cache.has(CONTEXT, www, TYPE.CNAME));
  t.ok(cache.putRrset(CONTEXT, rrset('www.example. 3600 IN CNAME example.'), RANK.answer));
  t.ok(cache.has(CONTEXT, www, TYPE.CNAME));
  t.notOk(cache.has(CONTEXT, www, TYPE.A));
  t.notOk(cache.has(CONTEXT + 1, www, TYPE.CNAME));
});

t.test('whether there is anything above a name, or that there is nothing', async (t) => {
  const { cache } = setUp();
  const deep = name('a.b.www.Example.');
  const seen = (): boolean[] => [0, 2, 4, 8].map((at) => cache.hasAbove(CONTEXT, deep, at, TYPE.DNAME));
  t.same(seen(), [false, false, false, false]);
  cache.putRrset(CONTEXT, rrset('example. 3600 IN DNAME example.net.'), RANK.answer);
  t.same(seen(), [false, false, false, true]);
  cache.putNegative(CONTEXT, www, NXDOMAIN, soa, RANK.answer);
  t.same(seen(), [false, false, true, true]);
  cache.putRrset(CONTEXT, rrset('b.www.example. 3600 IN A 192.0.2.1'), RANK.answer);
  t.same(seen(), [false, false, true, true]);
  t.notOk(cache.hasAbove(CONTEXT + 1, deep, 4, TYPE.DNAME));
});

t.test('NXDOMAIN is of every type, and of one name', async (t) => {
  const { cache } = setUp();
  t.ok(cache.putNegative(CONTEXT, www, NXDOMAIN, soa, RANK.answer));
  for (const type of [TYPE.A, TYPE.AAAA, TYPE.CNAME, 65280]) {
    const cached = cache.get(CONTEXT, www, type);
    t.equal(show(cached), `nxdomain ${soaText(900)}`);
    t.equal(cached?.rcode, RCODE.NXDOMAIN);
  }
  t.equal(cache.get(CONTEXT, name('a.www.example.'), TYPE.A), undefined);
});

t.test('no SOA, or something else instead: not kept', async (t) => {
  const { cache } = setUp();
  t.notOk(cache.putNegative(CONTEXT, www, TYPE.A, undefined, RANK.answer));
  t.notOk(cache.putNegative(CONTEXT, www, TYPE.A, a, RANK.answer));
  t.notOk(cache.putNegative(CONTEXT, www, NXDOMAIN, { ...soa, rdatas: [] }, RANK.answer));
  t.notOk(
    cache.putNegative(
      CONTEXT,
      www,
      NXDOMAIN,
      { ...soa, rdatas: [soa.rdatas[0]!, soa.rdatas[0]!] },
      RANK.answer,
    ),
  );
  t.notOk(cache.putNegative(CONTEXT, www, NXDOMAIN, { ...soa, rdatas: [new Uint8Array(3)] }, RANK.answer));
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
});

t.test('a name that comes into being ends its NXDOMAIN', async (t) => {
  const { cache } = setUp();
  cache.putNegative(CONTEXT, www, NXDOMAIN, soa, RANK.answer);
  cache.putRrset(CONTEXT, a, RANK.answer);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.kind, 'rrset');
  t.equal(cache.get(CONTEXT, www, TYPE.AAAA), undefined);
  cache.putNegative(CONTEXT, www, NXDOMAIN, soa, RANK.answer);
  cache.putNegative(CONTEXT, www, TYPE.AAAA, soa, RANK.answer);
  t.equal(cache.get(CONTEXT, www, TYPE.TXT), undefined, 'NODATA says too that the name is there');
});

t.test('a name that ceases to be: its records do not come back when the NXDOMAIN expires', async (t) => {
  const { cache, clock } = setUp();
  cache.putRrset(CONTEXT, a, RANK.answer);
  clock.advance(1000);
  cache.putNegative(CONTEXT, www, NXDOMAIN, soa, RANK.answer);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.kind, 'nxdomain');
  clock.advance(901_000);
  t.match(cache.get(CONTEXT, www, TYPE.A), { kind: 'nxdomain', state: 'stale' });
  cache.flush(www, 'name');
  t.equal(cache.get(CONTEXT, www, TYPE.A), undefined);
});

t.test('records end the NODATA of their type, and the other way round', async (t) => {
  const { cache } = setUp();
  cache.putNegative(CONTEXT, www, TYPE.A, soa, RANK.answer);
  cache.putRrset(CONTEXT, a, RANK.answer);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.kind, 'rrset');
  cache.putNegative(CONTEXT, www, TYPE.A, soa, RANK.answer);
  t.equal(cache.get(CONTEXT, www, TYPE.A)?.kind, 'nodata');
});

/** What is wrong with a zone or its servers, and what the client is told. */
import t from 'tap';
import { authority } from '../../support/authority.ts';
import {
  alwaysTruncated,
  dropEdns,
  empty,
  formerrOnEdns,
  garbageFirst,
  lowerCased,
  noTcp,
  notAuthoritative,
  only,
  silent,
  truncatedForever,
  upward,
  type Wrap,
  wrongId,
} from '../../support/hostile.ts';
import { type Fault, Internet } from '../../support/internet.ts';
import { faultIn, simulate } from '../../support/simulate.ts';

const TEXT = 'www A 192.0.2.1\n*.wild A 192.0.2.2\nalias CNAME www';

function world(fault?: Fault): Internet {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1, sign: {} });
  internet.zone('v.test.', { servers: 2, sign: { denial: {} }, text: TEXT });
  internet.zone('plain.test.', { servers: 1, text: TEXT });
  internet.zone('sub.v.test.', { servers: 1, text: TEXT });
  if (fault !== undefined)
    internet.break(
      fault === 'missing-ds-proof' || fault === 'ds-but-unsigned' ? 'plain.test.' : 'v.test.',
      fault,
    );
  return internet;
}

/** Info codes of which one at least is told (RFC 8914 section 4), where the answer is bogus. */
const CODES: Record<Fault, readonly number[]> = {
  expired: [7],
  'not-yet-valid': [8],
  'wrong-key': [9, 6, 12],
  'missing-rrsig': [10],
  'wrong-signature': [6, 12],
  'wrong-dnskey-signature': [6, 9],
  'no-nsec': [12],
  'nsec3-iterations': [],
  'unsupported-algorithm': [],
  'bad-ds': [9, 6],
  'unsupported-digest': [],
  'missing-ds-proof': [12],
  'ds-but-unsigned': [9, 10],
};

const QUESTIONS = ['www', 'alias', 'nothing', 'a.wild', 'www.sub'].map((label) => `${label}.v.test.`);

for (const [fault, codes] of Object.entries(CODES) as [Fault, readonly number[]][])
  t.test(
    `${fault}: SERVFAIL where it is bogus, with the reason and the zone; the data for who says CD`,
    async (t) => {
      const zone = fault === 'missing-ds-proof' || fault === 'ds-but-unsigned' ? 'plain.test.' : 'v.test.';
      const internet = world(fault);
      const sim = simulate(internet);
      let bogus = 0;
      for (const name of [...QUESTIONS, 'www.plain.test.', 'nothing.plain.test.']) {
        const truth = internet.truth(name, 'A');
        const given = await sim.ask(name);
        t.equal(faultIn(given, truth), undefined, name);
        if (truth.security !== 'bogus') continue;
        bogus++;
        t.ok(
          given.ede.some(({ code }) => codes.includes(code)),
          `${name}: EDE ${given.ede.map(({ code }) => code)}`,
        );
        t.ok(
          given.ede.some(({ text }) => text.includes(zone)),
          `${name}: ${given.ede.map(({ text }) => text)}`,
        );
        const again = await sim.ask(name);
        t.equal(again.rcode, 'SERVFAIL', 'and the failure is remembered');
        t.equal(again.work.packets, 0);
        const unchecked = await sim.ask(name, 'A', { checkingDisabled: true });
        t.equal(faultIn(unchecked, { ...truth, security: 'insecure' }), undefined, `${name} with CD`);
      }
      t.equal(bogus > 0, codes.length > 0);
    },
  );

t.test('mended: what was bogus is right again when the failure is forgotten', async (t) => {
  for (const fault of ['expired', 'bad-ds', 'wrong-key', 'missing-rrsig', 'no-nsec'] as const) {
    const internet = world(fault);
    const sim = simulate(internet);
    const name = fault === 'no-nsec' ? 'nothing.v.test.' : 'www.v.test.';
    t.equal((await sim.ask(name)).rcode, 'SERVFAIL', fault);
    internet.break('v.test.', undefined);
    // The DS that was wrong has its own TTL, an hour.
    await sim.pass(fault === 'bad-ds' ? 3_700_000 : 400_000);
    t.equal(faultIn(await sim.ask(name), internet.truth(name, 'A')), undefined, fault);
  }
});

t.test(
  'one server has expired signatures, the other has not: the answer is found, and is secure',
  async (t) => {
    const internet = world();
    const [first] = internet.hostsOf('v.test.');
    const stale = new Internet({ rootServers: 1 });
    stale.zone('test.', { servers: 1, sign: {} });
    stale.zone('v.test.', { servers: 2, sign: { denial: {} }, text: TEXT });
    stale.zone('sub.v.test.', { servers: 1, text: TEXT });
    stale.break('v.test.', 'expired');
    first!.wrap = () => authority([stale.zoneOf('v.test.').data]);
    let secure = 0;
    for (let i = 0; i < 20; i++) if ((await simulate(internet, { seed: i }).ask('www.v.test.')).ad) secure++;
    t.equal(secure, 20);
  },
);

for (const fault of ['expired', 'missing-rrsig', 'wrong-signature', 'no-nsec'] as const)
  t.test(`one of the parent's two servers has a copy that is broken (${fault}): no child is`, async (t) => {
    const internet = twoParents();
    const broken = twoParents();
    broken.break('test.', fault);
    const [first] = internet.hostsOf('test.');
    first!.wrap = () => authority([broken.zoneOf('test.').data]);
    for (let seed = 0; seed < 10; seed++) {
      const sim = simulate(internet, { seed });
      for (const name of ['www.v.test.', 'nothing.v.test.', 'www.u.test.']) {
        const given = await sim.ask(name);
        t.equal(faultIn(given, internet.truth(name, 'A')), undefined, `${name}, seed ${seed}`);
        t.ok(given.work.packets <= 12, `${given.work.packets} packets`);
      }
    }
  });

t.test('one of two servers has an old copy of a zone, and both serve its unsigned child', async (t) => {
  const [internet, broken] = [twoParents(), twoParents()];
  for (const each of [internet, broken])
    each.zone('open.v2.test.', { servers: each.hostsOf('v2.test.'), text: TEXT });
  broken.break('v2.test.', 'expired');
  const [first] = internet.hostsOf('v2.test.');
  first!.wrap = () => authority(['v2.test.', 'open.v2.test.'].map((name) => broken.zoneOf(name).data));
  for (let seed = 0; seed < 10; seed++) {
    const given = await simulate(internet, { seed }).ask('www.open.v2.test.');
    t.equal(faultIn(given, internet.truth('www.open.v2.test.', 'A')), undefined, `seed ${seed}`);
  }
});

/** `test.` with two servers, and below it zones that are signed and one that is not. */
function twoParents(): Internet {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 2, sign: { denial: {} } });
  internet.zone('v.test.', { servers: 1, sign: { denial: {} }, text: TEXT });
  internet.zone('v2.test.', { servers: 2, sign: {}, text: TEXT });
  internet.zone('u.test.', { servers: 1, text: TEXT });
  return internet;
}

const BESIDE: Readonly<Record<string, Wrap>> = {
  silent,
  'without TCP': noTcp,
  REFUSED: only('REFUSED'),
  SERVFAIL: only('SERVFAIL'),
  NOTIMP: only('NOTIMP'),
  FORMERR: only('FORMERR', false),
  NXDOMAIN: only('NXDOMAIN'),
  'not the zone': empty,
  'pointing to the root': upward,
  'truncating for ever': truncatedForever,
  'truncating datagrams': alwaysTruncated,
  'wrong ID': wrongId,
  'lower case': lowerCased,
  'garbage first': garbageFirst,
  'not authoritative': notAuthoritative,
  'FORMERR on EDNS': formerrOnEdns,
  'swallowing EDNS': dropEdns,
};

for (const [what, wrap] of Object.entries(BESIDE))
  t.test(`one of two servers: ${what}: each name of a signed and an unsigned zone is answered`, async (t) => {
    const internet = world();
    internet.zone('w.test.', { servers: 2, text: TEXT });
    for (const zone of ['v.test.', 'w.test.']) internet.hostsOf(zone)[0]!.wrap = wrap;
    const sim = simulate(internet);
    for (const zone of ['v.test.', 'w.test.'])
      for (let i = 0; i < 12; i++) {
        const name = `${['www', 'alias', `n${i}`, `w${i}.wild`][i % 4]}.${zone}`;
        const given = await sim.ask(name);
        // Who is authoritative and says NXDOMAIN of an unsigned zone is believed.
        if (what === 'NXDOMAIN' && zone === 'w.test.') continue;
        t.equal(faultIn(given, internet.truth(name, 'A')), undefined, name);
        t.ok(given.work.packets <= 14, `${name}: ${given.work.packets} packets`);
        await sim.pass(1000);
      }
  });

t.test(
  'a CNAME that a DNAME makes, asked for as such: secure by the DNAME (RFC 6672 section 5.3.1)',
  async (t) => {
    const internet = new Internet({ rootServers: 1 });
    internet.zone('test.', { servers: 1, sign: {} });
    internet.zone('v.test.', { servers: 1, sign: {}, text: 'old DNAME new' });
    const given = await simulate(internet).ask('x.old.v.test.', 'CNAME');
    t.equal(faultIn(given, internet.truth('x.old.v.test.', 'CNAME')), undefined);
  },
);

t.test('a denial with broken signatures: told as that, not as a denial that is missing', async (t) => {
  for (const fault of ['wrong-signature', 'wrong-key'] as const) {
    const { ede } = await simulate(world(fault)).ask('nothing.v.test.');
    t.ok(
      ede.some(({ code }) => code === 6 || code === 9),
      `${fault}: EDE ${ede.map(({ code }) => code)}`,
    );
  }
});

t.test('a bogus name, asked with CD and without in turns: its failure is remembered', async (t) => {
  const sim = simulate(world('wrong-signature'));
  await sim.ask('www.v.test.');
  await sim.ask('www.v.test.', 'A', { checkingDisabled: true });
  const { rcode, work } = await sim.ask('www.v.test.');
  t.equal(rcode, 'SERVFAIL');
  t.equal(work.packets, 0);
});

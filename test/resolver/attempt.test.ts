/** One server asked one question, as recursion asks: flags, EDNS that is not given up, cookies (RFC 7873). */
import t from 'tap';
import { Attempt, type AttemptQuestion } from '../../src/resolver/attempt.ts';
import { Budget } from '../../src/resolver/budget.ts';
import { Candidate, TRIES_MAX } from '../../src/resolver/candidate.ts';
import type { ResolverCounter } from '../../src/resolver/env.ts';
import { HedgeAllowance } from '../../src/resolver/select.ts';
import { Targets } from '../../src/resolver/target.ts';
import { Transports } from '../../src/resolver/transport/transports.ts';
import type { Protocol, Transport } from '../../src/resolver/transport.ts';
import { ManualClock, systemClock } from '../../src/util/clock.ts';
import { cryptoPrng, SeededPrng } from '../../src/util/prng.ts';
import { OPTION, RCODE, TYPE } from '../../src/wire/constants.ts';
import { type Edns, ednsLength, findOption, writeEdns } from '../../src/wire/edns.ts';
import type { Message } from '../../src/wire/message.ts';
import { nameFromText } from '../../src/wire/name.ts';
import { missing, startNsd } from '../support/servers.ts';
import { always, reply, type Script, SimNet, type SimQuery } from '../support/simnet.ts';

const WWW = 'www.corp.test. 300 A 192.0.2.1';
const TRUTH = always({ answer: [WWW] });
const QUESTION: AttemptQuestion = {
  name: nameFromText('www.corp.test.'),
  type: TYPE.A,
  recursionDesired: false,
  case0x20: true,
  sources: [],
  options: [],
  deadline: Number.POSITIVE_INFINITY,
};

type Outcome = { readonly message: Message } | { readonly failed: string };

/** A network with one server, and a way to ask it. */
function world(behaviour: (query: SimQuery) => void) {
  const clock = new ManualClock();
  const prng = new SeededPrng(7);
  const net = new SimNet(clock, prng);
  const server = net.server('192.0.2.53', behaviour);
  const targets = new Targets();
  const counts = new Map<ResolverCounter, number>();
  const env = {
    clock,
    prng,
    transport: net,
    targets,
    hedges: new HedgeAllowance(),
    count: (counter: ResolverCounter) => void counts.set(counter, (counts.get(counter) ?? 0) + 1),
  };
  const target = targets.of({ address: server.address, port: server.port, protocol: 'do53' });
  /** As a driver does: a server that is late is asked again, three times at most. */
  const ask = (question: Partial<AttemptQuestion> = {}): Outcome | undefined => {
    const candidate = new Candidate(target);
    let outcome: Outcome | undefined;
    const again = (): void => {
      if (candidate.mayTry && outcome === undefined) start();
    };
    const start = (): void => {
      new Attempt(env, candidate, { ...QUESTION, ...question }, new Budget(clock.now()), {
        late: again,
        replied: (_attempt, message) => (outcome = { message }),
        failed: (_attempt, why) => (outcome = { failed: why }),
        suspect: () => undefined,
      });
    };
    start();
    clock.advance(9_000);
    return outcome;
  };
  return { ask, server, target, net, clock, counts };
}

const protocols = (queries: readonly SimQuery[]): Protocol[] => queries.map((query) => query.protocol);
const withEdns = (queries: readonly SimQuery[]): boolean[] =>
  queries.map((query) => query.message.edns !== undefined);

t.test('flags and EDNS are those that were wished for', async (t) => {
  const { ask, server } = world(TRUTH);
  ask();
  ask({ dnssecOk: true, checkingDisabled: true, payload: 1400, recursionDesired: true });
  t.match(server.queries, [
    { message: { flags: 0, edns: { payload: 1232, dnssecOk: false, options: [] } } },
    { message: { flags: 0x0110, edns: { payload: 1400, dnssecOk: true } } },
  ]);
});

t.test('a reply of the size that was offered is taken by UDP; a larger one is fetched by TCP', async (t) => {
  const texts = Array.from({ length: 10 }, () => `www.corp.test. 300 TXT ${'x'.repeat(95)}`);
  const { ask, net } = world(always({ answer: texts }));
  ask({ payload: 1400 });
  t.same(net.sent, { udp: 1, tcp: 0 });
  ask();
  t.same(net.sent, { udp: 2, tcp: 1 });
});

const REFUSALS = ['FORMERR', 'NOTIMP'] as const;

t.test('refused with EDNS: once more without, for this question alone', async (t) => {
  for (const rcode of REFUSALS) {
    const { ask, server } = world((query) =>
      query.reply(reply(query, query.message.edns === undefined ? { answer: [WWW] } : { rcode })),
    );
    for (let i = 0; i < 3; i++) t.match(ask(), { message: { rcode: 0 } });
    t.same(withEdns(server.queries), [true, false, true, false, true, false], rcode);
  }
});

t.test('a signed zone is never asked without EDNS (CVE-2026-52690)', async (t) => {
  for (const rcode of REFUSALS) {
    const forged = world((query) =>
      query.protocol === 'udp' ? query.reply(reply(query, { rcode })) : TRUTH(query),
    );
    t.match(forged.ask({ signed: true }), { message: { rcode: 0 } }, 'TCP knows better');
    t.same(protocols(forged.server.queries), ['udp', 'tcp']);

    const old = world(always({ rcode }));
    t.match(old.ask({ signed: true }), { failed: /EDNS/ });
    t.same(protocols(old.server.queries), ['udp', 'tcp']);
    t.notOk(withEdns(old.server.queries).includes(false), rcode);
  }
});

t.test('silence: the last try goes without EDNS, but not for a signed zone', async (t) => {
  for (const signed of [false, true]) {
    const { ask, server } = world(() => undefined);
    ask({ signed });
    t.same(withEdns(server.queries), [true, true, signed]);
    t.equal(server.queries.length, TRIES_MAX);
  }
});

const FIRST = new Uint8Array(16).fill(0x11);
const SECOND = new Uint8Array(16).fill(0x22);

/** A reply with an OPT record, whose cookie holds `halves`; the rcode may be an extended one. */
function withCookie(query: SimQuery, script: Script, halves: readonly Uint8Array[], rcode = 0): Uint8Array {
  const plain = reply(query, script);
  const data = new Uint8Array(halves.flatMap((half) => [...half]));
  const edns: Edns = { payload: 1232, version: 0, dnssecOk: false, options: [{ code: OPTION.COOKIE, data }] };
  const out = new Uint8Array(plain.length + ednsLength(edns.options));
  out.set(plain);
  out[3] = (out[3]! & 0xf0) | (rcode & 0x0f);
  out[11] = 1;
  writeEdns(out, plain.length, edns, rcode);
  return out;
}

const cookieOf = (query: SimQuery): Uint8Array => findOption(query.message.edns, OPTION.COOKIE)!;
const clientOf = (query: SimQuery): Uint8Array => cookieOf(query).slice(0, 8);
const ANSWER = { answer: [WWW] };

/** Answers with its cookie. */
const cookieServer = (query: SimQuery): void =>
  query.reply(withCookie(query, ANSWER, [clientOf(query), FIRST]));

t.test('cookies: only where they are wished for', async (t) => {
  const { ask, server } = world(TRUTH);
  ask();
  t.equal(cookieOf(server.queries[0]!), undefined);
  ask({ cookies: true });
  t.equal(cookieOf(server.queries[1]!).length, 8);
});

t.test('the server’s half is sent back, ours stays the same for a day', async (t) => {
  const { ask, server, clock } = world(cookieServer);
  ask({ cookies: true });
  ask({ cookies: true });
  const [first, second] = server.queries as [SimQuery, SimQuery];
  t.same(cookieOf(second), new Uint8Array([...clientOf(first), ...FIRST]));
  clock.advance(24 * 3_600_000);
  ask({ cookies: true });
  t.equal(cookieOf(server.queries[2]!).length, 8);
  t.notSame(clientOf(server.queries[2]!), clientOf(first));
});

t.test('each server and each of our addresses has another cookie', async (t) => {
  const { ask, server, target } = world(cookieServer);
  const other = world(cookieServer);
  ask({ cookies: true, sources: ['192.0.2.1'] });
  ask({ cookies: true, sources: ['192.0.2.2'] });
  t.equal(cookieOf(server.queries[1]!).length, 8, 'the server’s half belongs to the address');
  t.notSame(clientOf(server.queries[0]!), clientOf(server.queries[1]!));
  ask({ cookies: true, sources: ['192.0.2.1'] });
  t.equal(cookieOf(server.queries[2]!).length, 24);
  const prng = new SeededPrng(1);
  const first = target.cookies.of('a', 0, prng).client;
  t.notSame(other.target.cookies.of('a', 0, prng).client, first);
  for (let i = 0; i < 100; i++) target.cookies.of(`s${i}`, 0, prng);
  t.notSame(target.cookies.of('a', 0, prng).client, first, 'not as many as there may be addresses');
});

t.test('a reply with another cookie than ours: TCP, as with a wrong ID', async (t) => {
  const evil = { answer: ['www.corp.test. 300 A 192.0.2.66'] };
  for (const halves of [[FIRST.slice(0, 8), FIRST], [FIRST.slice(0, 8)], [FIRST.slice(0, 3)]]) {
    const { ask, server } = world((query) =>
      query.protocol === 'udp' ? query.reply(withCookie(query, evil, halves)) : cookieServer(query),
    );
    t.match(ask({ cookies: true }), { message: { answer: [{ rdata: new Uint8Array([192, 0, 2, 1]) }] } });
    t.same(protocols(server.queries), ['udp', 'tcp']);
  }
});

t.test('a server’s half of a length that there is not: TCP', async (t) => {
  for (const octets of [1, 7, 33]) {
    const { ask, server } = world((query) =>
      query.reply(withCookie(query, ANSWER, [clientOf(query), new Uint8Array(octets)])),
    );
    t.match(ask({ cookies: true }), { message: { rcode: 0 } });
    t.same(protocols(server.queries), ['udp', 'tcp'], `${octets} octets`);
  }
});

t.test('a server that knows no cookies, or sends ours back, is as good as any', async (t) => {
  for (const behaviour of [
    TRUTH,
    (query: SimQuery) => query.reply(withCookie(query, ANSWER, [clientOf(query)])),
  ]) {
    const { ask, server } = world(behaviour);
    for (let i = 0; i < 3; i++) t.match(ask({ cookies: true }), { message: { rcode: 0 } });
    t.same(protocols(server.queries), ['udp', 'udp', 'udp']);
  }
});

t.test('once it has sent cookies, a reply without is not believed: forgers do not get by', async (t) => {
  let forger = false;
  const { ask, server } = world((query) => {
    if (forger && query.protocol === 'udp') query.reply(reply(query, { rcode: 'NXDOMAIN' }));
    else cookieServer(query);
  });
  ask({ cookies: true });
  forger = true;
  for (let i = 0; i < 3; i++) t.match(ask({ cookies: true }), { message: { rcode: 0 } });
  t.same(protocols(server.queries), ['udp', 'udp', 'tcp', 'udp', 'tcp', 'udp', 'tcp'], 'nor for good');
});

t.test('nor is its FORMERR, and its last try goes with EDNS', async (t) => {
  let state: 'up' | 'forged' | 'silent' = 'up';
  const { ask, server } = world((query) => {
    if (state === 'forged' && query.protocol === 'udp') query.reply(reply(query, { rcode: 'FORMERR' }));
    else if (state !== 'silent') cookieServer(query);
  });
  ask({ cookies: true });
  state = 'forged';
  t.match(ask({ cookies: true }), { message: { rcode: 0 } });
  state = 'silent';
  ask({ cookies: true });
  t.notOk(withEdns(server.queries).includes(false));
});

t.test('a server that has stopped sending them: TCP once, then believed for an hour', async (t) => {
  let cookies = true;
  const { ask, server, clock } = world((query) => (cookies ? cookieServer(query) : TRUTH(query)));
  ask({ cookies: true });
  cookies = false;
  for (let i = 0; i < 3; i++) t.match(ask({ cookies: true }), { message: { rcode: 0 } });
  t.same(protocols(server.queries), ['udp', 'udp', 'tcp', 'udp', 'udp']);
  clock.advance(3_600_000);
  ask({ cookies: true });
  t.same(protocols(server.queries).slice(5), ['udp', 'tcp']);
});

t.test(
  'a signed zone of a server that refuses cookies: by TCP once without, then for an hour by UDP',
  async (t) => {
    for (const rcode of REFUSALS) {
      const { ask, server, clock } = world((query) =>
        query.reply(reply(query, cookieOf(query) === undefined ? { answer: [WWW] } : { rcode })),
      );
      for (let i = 0; i < 3; i++)
        t.match(ask({ signed: true, cookies: true }), { message: { rcode: 0 } }, rcode);
      t.same(protocols(server.queries), ['udp', 'tcp', 'tcp', 'udp', 'udp']);
      t.notOk(withEdns(server.queries).includes(false));
      clock.advance(3_600_000);
      ask({ signed: true, cookies: true });
      t.same(protocols(server.queries).slice(5), ['udp', 'tcp', 'tcp']);
    }
  },
);

t.test('a server in trouble, which refuses with a cookie and fails without, is sent one still', async (t) => {
  const { ask, server } = world((query) =>
    query.reply(reply(query, { rcode: cookieOf(query) === undefined ? 'SERVFAIL' : 'FORMERR' })),
  );
  t.match(ask({ signed: true, cookies: true }), { message: { rcode: RCODE.SERVFAIL } });
  server.behaviour = TRUTH;
  t.match(ask({ signed: true, cookies: true }), { message: { rcode: 0 } });
  t.same(
    server.queries.map((query) => cookieOf(query) !== undefined),
    [true, true, false, true],
  );
});

t.test('refused by UDP alone the cookie is sent still: that may have been a forger', async (t) => {
  const { ask, server } = world((query) =>
    query.protocol === 'udp' ? query.reply(reply(query, { rcode: 'FORMERR' })) : TRUTH(query),
  );
  for (let i = 0; i < 2; i++) t.match(ask({ signed: true, cookies: true }), { message: { rcode: 0 } });
  t.notOk(server.queries.some((query) => cookieOf(query) === undefined));
});

t.test('silence: the last try goes without a cookie, unless the server has sent some', async (t) => {
  let isDown = true;
  const { ask, server } = world((query) => {
    if (!isDown) cookieServer(query);
  });
  const sent = (): boolean[] => server.queries.splice(0).map((query) => cookieOf(query) !== undefined);
  ask({ signed: true, cookies: true });
  t.same(sent(), [true, true, false]);
  isDown = false;
  ask({ signed: true, cookies: true });
  isDown = true;
  ask({ signed: true, cookies: true });
  t.same(sent(), [true, true, true, true]);
});

t.test('a server that truncates and sends none by TCP is still expected to by UDP', async (t) => {
  const { ask, server } = world((query) => {
    if (query.protocol === 'tcp') TRUTH(query);
    else if (server.queries.length === 1) cookieServer(query);
    else query.reply(reply(query, { flags: 0x0380 }));
  });
  ask({ cookies: true });
  ask({ cookies: true });
  server.behaviour = TRUTH;
  ask({ cookies: true });
  t.same(protocols(server.queries), ['udp', 'udp', 'tcp', 'udp', 'tcp']);
});

t.test('BADCOOKIE: once more with the new cookie; again BADCOOKIE: TCP', async (t) => {
  const { ask, server } = world((query) => {
    const good = cookieOf(query).length === 24 && cookieOf(query)[8] === SECOND[0];
    query.reply(
      good
        ? withCookie(query, ANSWER, [clientOf(query), SECOND])
        : withCookie(query, {}, [clientOf(query), SECOND], RCODE.BADCOOKIE),
    );
  });
  t.match(ask({ cookies: true }), { message: { rcode: 0 } });
  t.same(protocols(server.queries), ['udp', 'udp']);
  server.behaviour = (query) =>
    query.protocol === 'udp'
      ? query.reply(withCookie(query, {}, [clientOf(query), FIRST], RCODE.BADCOOKIE))
      : cookieServer(query);
  t.match(ask({ cookies: true }), { message: { rcode: 0 } });
  t.same(protocols(server.queries).slice(2), ['udp', 'udp', 'tcp']);
});

t.test('BADCOOKIE without our cookie is a forger’s, or nonsense: TCP', async (t) => {
  const { ask, server } = world((query) => {
    if (query.protocol === 'udp')
      query.reply(withCookie(query, {}, [FIRST.slice(0, 8), FIRST], RCODE.BADCOOKIE));
    else TRUTH(query);
  });
  t.match(ask({ cookies: true }), { message: { rcode: 0 } });
  t.same(protocols(server.queries), ['udp', 'tcp']);
});

t.test('letters that come back in another case: TCP, cookie or not', async (t) => {
  const { ask, server } = world((query) =>
    query.protocol === 'udp'
      ? query.reply(
          withCookie(query, { ...ANSWER, question: { name: query.name.toLowerCase(), type: 'A' } }, [
            clientOf(query),
            FIRST,
          ]),
        )
      : cookieServer(query),
  );
  t.match(ask({ cookies: true }), { message: { rcode: 0 } });
  t.same(protocols(server.queries), ['udp', 'tcp']);
});

t.test('NSD knows its cookie again', { skip: missing('nsd') }, async (t) => {
  const nsd = await startNsd({
    zones: { 'corp.test.': '@ SOA ns host 1 2 3 4 60\n@ NS ns\nwww A 192.0.2.1' },
    extra: ['answer-cookie: yes'],
  });
  t.teardown(() => nsd.stop());
  const targets = new Targets();
  const target = targets.of({ address: nsd.address, port: nsd.port, protocol: 'do53' });
  const transport = new Transports({ clock: systemClock, prng: cryptoPrng });
  const env = {
    clock: systemClock,
    prng: cryptoPrng,
    transport,
    targets,
    hedges: new HedgeAllowance(),
    count: () => undefined,
  };
  const question = { ...QUESTION, cookies: true };
  const ask = (): Promise<Message> =>
    new Promise((resolve, reject) => {
      new Attempt(env, new Candidate(target), question, new Budget(systemClock.now()), {
        late: () => undefined,
        replied: (_attempt, message) => resolve(message),
        failed: (_attempt, why) => reject(new Error(why)),
        suspect: () => undefined,
      });
    });
  const cookie = (message: Message): Uint8Array => findOption(message.edns, OPTION.COOKIE)!;
  const alive = setInterval(() => undefined, 1_000);
  t.teardown(() => clearInterval(alive));
  const first = await ask();
  t.equal(cookie(first).length, 24);
  t.ok(target.cookies.of(undefined, systemClock.now(), cryptoPrng).expected(systemClock.now()));
  // RFC 9018 section 4.3: a valid cookie that is young comes back as it was sent; otherwise one with the time of now.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  t.same(cookie(await ask()), cookie(first));
});

t.test('a query that a connection sends again is a try and a packet like any other (RFC 9520)', async (t) => {
  const resends = (left: number): boolean[] => {
    const { target, clock } = world(() => undefined);
    const transport: Transport = {
      begin: (work) => work(),
      exchange: () => ({ cancel: () => undefined }),
    };
    const budget = new Budget(clock.now());
    while (budget.left.packets > left) budget.takePacket(clock.now());
    const prng = new SeededPrng(7);
    const hedges = new HedgeAllowance();
    const env = { clock, prng, transport, targets: new Targets(), hedges, count: () => undefined };
    const owner = {
      late: () => undefined,
      replied: () => undefined,
      failed: () => undefined,
      suspect: () => undefined,
    };
    const attempt = new Attempt(env, new Candidate(target), QUESTION, budget, owner);
    return Array.from({ length: 5 }, () => attempt.resend());
  };
  t.same(resends(200), [true, true, false, false, false], 'three tries');
  t.same(resends(2), [true, false, false, false, false], 'two packets');
});

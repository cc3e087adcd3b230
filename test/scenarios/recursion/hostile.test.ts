/**
 * Authorities that say anything at all, made from a grammar or by damaging the truth. Whatever they say, each client
 * query ends, and its work is bounded. CAUSEWAY_LONG=1 tries many more seeds.
 */
import t, { type Test } from 'tap';
import {
  BUDGET_BYTES,
  BUDGET_NSEC3_BLOCKS,
  BUDGET_PACKETS,
  BUDGET_REPLY_MS,
  BUDGET_VERIFIES,
} from '../../../src/resolver/budget.ts';
import { type Prng, SeededPrng } from '../../../src/util/prng.ts';
import { FLAG, RCODE } from '../../../src/wire/constants.ts';
import { generate } from '../../support/generate.ts';
import { mutator, records } from '../../support/hostile.ts';
import { Internet } from '../../support/internet.ts';
import { LONG } from '../../support/long.ts';
import { encodePacket, packetFor, setRcode } from '../../support/packet.ts';
import type { Behaviour, SimQuery } from '../../support/simnet.ts';
import { faultIn, type SimulatedResolver, simulate, type Work } from '../../support/simulate.ts';

const SEEDS = LONG ? 2_000 : 8;
const QUERIES = 8;
/** A reply goes over the limit of octets once, and is the last. */
const LAST_REPLY = 65_535;
/** All work of a query ends 10 s after it came. */
const WORK_MS = 10_500;

function bounded(t: Test, work: Work, what: string): void {
  const fits =
    work.packets <= BUDGET_PACKETS &&
    work.bytes <= BUDGET_BYTES + LAST_REPLY &&
    work.verifies <= BUDGET_VERIFIES &&
    work.nsec3Blocks <= BUDGET_NSEC3_BLOCKS;
  if (!fits) t.fail(`${what}: ${JSON.stringify(work)}`);
}

const ZONES = 8;

/** A server that makes things up: referrals, aliases, denials, errors, silence, in any combination. */
class Liar {
  readonly #prng: Prng;
  readonly #addresses: readonly string[];

  constructor(prng: Prng, addresses: readonly string[]) {
    this.#prng = prng;
    this.#addresses = addresses;
  }

  readonly behaviour: Behaviour = (query) => {
    const packet = packetFor(query.message);
    packet.edns = query.message.edns;
    packet.flags |= this.#oneIn(8) ? 0 : FLAG.AA;
    const lines = this.#lines(query);
    packet.answer = records(...lines.answer);
    packet.authority = records(...lines.authority);
    packet.additional = records(...lines.additional);
    if (lines.rcode !== undefined) setRcode(packet, lines.rcode);
    if (lines.refers) packet.flags &= ~FLAG.AA;
    if (this.#oneIn(12) && query.protocol === 'udp') packet.flags |= FLAG.TC;
    const bytes = encodePacket(packet);
    if (!this.#oneIn(10)) query.reply(bytes, this.#prng.below(4) * 60);
  };

  #lines(query: SimQuery): {
    answer: string[];
    authority: string[];
    additional: string[];
    rcode?: number;
    refers?: boolean;
  } {
    const none = { answer: [], authority: [], additional: [] };
    const zone = `z${this.#prng.below(ZONES)}.test.`;
    switch (this.#prng.below(10)) {
      case 0:
      case 1:
      case 2:
        return { ...none, ...this.#referral(query), refers: true };
      case 3:
      case 4:
        return { ...none, answer: this.#aliases(query) };
      case 5:
        return { ...none, answer: [`${suffix(query.name, 1)} 60 DNAME ${this.#name()}`] };
      case 6:
        return { ...none, answer: [`${query.name} ${this.#prng.below(300)} A 192.0.2.1`] };
      case 7:
        return {
          ...none,
          authority: [`${zone} 60 SOA a. b. 1 2 3 4 ${this.#prng.below(60)}`],
          rcode: RCODE.NXDOMAIN,
        };
      case 8:
        return { ...none, authority: [`${suffix(query.name, 1)} 60 SOA a. b. 1 2 3 4 5`] };
      default:
        return {
          ...none,
          rcode: [RCODE.SERVFAIL, RCODE.REFUSED, RCODE.FORMERR, RCODE.NXDOMAIN, 15][this.#prng.below(5)]!,
        };
    }
  }

  /** To some of its own names, with glue, without, or with glue that leads nowhere. */
  #referral(query: SimQuery): { authority: string[]; additional: string[] } {
    const labels = query.name.split('.').length - 1;
    const cut = suffix(query.name, this.#prng.below(Math.max(1, labels - 2)));
    const count = 1 + this.#prng.below(this.#oneIn(4) ? 60 : 5);
    const names = Array.from({ length: count }, () => this.#name());
    const glue = names.filter(() => this.#oneIn(2)).map((name) => `${name} 60 A ${this.#address()}`);
    return {
      authority: names.map((name) => `${cut} ${60 * this.#prng.below(60)} NS ${name}`),
      additional: glue,
    };
  }

  #aliases(query: SimQuery): string[] {
    const lines: string[] = [];
    for (let name = query.name, left = 1 + this.#prng.below(14); left > 0; left--) {
      const next = this.#name();
      lines.push(`${name} 60 CNAME ${next}`);
      name = next;
    }
    return lines;
  }

  #name(): string {
    const depth = this.#oneIn(5) ? 20 : this.#prng.below(3);
    const labels = Array.from({ length: depth }, () => `l${this.#prng.below(50)}.`).join('');
    return `${labels}n${this.#prng.below(1000)}.z${this.#prng.below(ZONES)}.test.`;
  }
  #address(): string {
    return this.#oneIn(4)
      ? `198.18.210.${this.#prng.below(200)}`
      : this.#addresses[this.#prng.below(this.#addresses.length)]!;
  }
  #oneIn(n: number): boolean {
    return this.#prng.below(n) === 0;
  }
}

function suffix(name: string, drop: number): string {
  return name.split('.').slice(drop).join('.') || '.';
}

function liars(seed: number): Internet {
  const internet = new Internet({ seed });
  const prng = new SeededPrng(seed);
  internet.zone('test.', { sign: {} });
  for (let i = 0; i < ZONES; i++)
    internet.zone(`z${i}.test.`, {
      servers: 1 + prng.below(3),
      ...(prng.below(4) === 0 ? { sign: {} } : {}),
    });
  const hosts = [...internet.hosts].filter((host) => host.text.includes('.z'));
  const liar = new Liar(
    prng,
    hosts.flatMap((host) => host.addresses),
  );
  for (const host of hosts) host.wrap = () => liar.behaviour;
  return internet;
}

async function idle(sim: SimulatedResolver): Promise<boolean> {
  await sim.pass(WORK_MS);
  return sim.resolver.inFlight === 0 && sim.internet.net.open === 0;
}

t.test(
  `CAMP 2024: ${SEEDS} Internets from a grammar of lies: Q <= ${BUDGET_PACKETS}, each reply in time, then quiet`,
  async (t) => {
    let most = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const internet = liars(seed);
      const sim = simulate(internet, { seed });
      for (let i = 0; i < QUERIES; i++) {
        const type = ['A', 'AAAA', 'NS', 'DS', 'MX', 'CNAME'][i % 6]!;
        const { work } = await sim.ask(`${'a.'.repeat(i)}w${i}.z${i % ZONES}.test.`, type);
        if (work.ms > BUDGET_REPLY_MS) t.fail(`seed ${seed}: replied after ${work.ms} ms`);
      }
      if (!(await idle(sim))) t.fail(`seed ${seed}: not quiet 10 s later`);
      for (const work of sim.works) {
        bounded(t, work, `seed ${seed}`);
        most = Math.max(most, work.packets);
      }
    }
    t.ok(most <= BUDGET_PACKETS, `most: ${most} packets`);
  },
);

t.test(
  'quota reset, resend loops: the truth damaged at random: bounded, quiet afterwards, and never a lie that is secure',
  async (t) => {
    let most = 0;
    for (let seed = 1; seed <= Math.ceil(SEEDS / 4); seed++) {
      const { internet, questions } = generate({ seed, zones: 12 });
      const prng = new SeededPrng(seed + 1000);
      for (const host of internet.hosts) host.wrap = mutator(prng, 0.6);
      const sim = simulate(internet, { seed });
      for (const { name, type } of questions.slice(0, 40)) {
        const given = await sim.ask(name, type);
        const fault = faultIn(given, internet.truth(name, type));
        if (given.ad && fault !== undefined) t.fail(`seed ${seed}: ${name} ${type}: ${fault}`);
        if (given.work.ms > BUDGET_REPLY_MS) t.fail(`seed ${seed}: replied after ${given.work.ms} ms`);
      }
      if (!(await idle(sim))) t.fail(`seed ${seed}: not quiet 10 s later`);
      for (const work of sim.works) {
        bounded(t, work, `seed ${seed}`);
        most = Math.max(most, work.packets);
      }
    }
    t.ok(most <= BUDGET_PACKETS, `most: ${most} packets`);
  },
);

t.test('a chain of aliases without end, one link a zone: <= 12 links, bounded packets', async (t) => {
  const internet = new Internet();
  internet.zone('test.');
  for (let i = 0; i < 40; i++)
    internet.zone(`c${i}.test.`, { servers: 1, text: `* CNAME x.c${(i + 1) % 40}.test.` });
  const sim = simulate(internet);
  const { rcode, work } = await sim.ask('x.c0.test.');
  t.equal(rcode, 'SERVFAIL');
  t.ok(work.packets <= 40, `${work.packets} packets`);
});

t.test('a deep name: minimisation takes <= 10 steps a name', async (t) => {
  const internet = new Internet({ rootServers: 1 });
  internet.zone('test.', { servers: 1 });
  internet.zone('v.test.', { servers: 1, text: `${'a.'.repeat(100)}www A 192.0.2.1` });
  const sim = simulate(internet);
  const { rcode, work } = await sim.ask(`${'a.'.repeat(100)}www.v.test.`);
  t.equal(rcode, 'NOERROR');
  t.ok(work.packets <= 15, `${work.packets} packets`);
});

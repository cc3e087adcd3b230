/** An Internet made at random from a seed: structure, signatures, faults, odd servers; and what to ask of it. */
import { type Prng, SeededPrng } from '../../src/util/prng.ts';
import { dropEdns, empty, formerrOnEdns, lowerCased, only, silent, type Wrap, wrongId } from './hostile.ts';
import { type Fault, type Host, Internet, type Signing, type Zone } from './internet.ts';

export interface GenerateOptions {
  readonly seed: number;
  /** Zones below the top-level ones. Default 200. */
  readonly zones?: number;
  /** Share of zones whose DNSSEC is broken. Default 0.15. */
  readonly faults?: number;
  /** Share of zones one of whose servers is of no use. Default 0.15. */
  readonly lame?: number;
  /** Share of datagrams that are lost each way. Default 0. */
  readonly loss?: number;
}

export interface Question {
  readonly name: string;
  readonly type: string;
}

export interface Generated {
  readonly internet: Internet;
  readonly questions: readonly Question[];
}

const FAULTS: readonly Fault[] = [
  'expired',
  'not-yet-valid',
  'wrong-key',
  'missing-rrsig',
  'wrong-signature',
  'wrong-dnskey-signature',
  'no-nsec',
  'nsec3-iterations',
  'unsupported-algorithm',
  'bad-ds',
  'unsupported-digest',
];

/** Of servers beside which another one works. */
const USELESS: readonly Wrap[] = [silent, only('REFUSED'), only('SERVFAIL'), empty];
/** Of servers that answer all the same. Without EDNS no signatures come, so these have unsigned zones only. */
const ODD: readonly Wrap[] = [lowerCased, wrongId];
const ODD_UNSIGNED: readonly Wrap[] = [...ODD, formerrOnEdns, dropEdns];

export function generate(options: GenerateOptions): Generated {
  return new Generator(options).run();
}

class Generator {
  readonly #internet: Internet;
  readonly #prng: Prng;
  readonly #options: Required<GenerateOptions>;
  readonly #hosters: Host[][] = [];
  readonly #questions: Question[] = [];

  constructor(options: GenerateOptions) {
    this.#options = { zones: 200, faults: 0.15, lame: 0.15, loss: 0, ...options };
    this.#prng = new SeededPrng(options.seed);
    this.#internet = new Internet({ seed: options.seed, sign: { split: true } });
  }

  run(): Generated {
    const internet = this.#internet;
    const tops = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'].map((name) => this.#top(`${name}.`));
    const zones = [...tops];
    for (let i = 0; i < this.#options.zones; i++) {
      const parent = this.#happens(0.25) ? this.#pick(zones) : this.#pick(tops);
      // Below empty non-terminals that cannot be proven it is a matter of taste whether trust goes on.
      const isDeep = i % 3 === 0 && parent.fault !== 'nsec3-iterations' && parent.fault !== 'no-nsec';
      zones.push(this.#below(parent, `${isDeep ? 'x.' : ''}z${i}`));
    }
    for (const zone of zones) this.#fill(zone, zones);
    for (const zone of zones) this.#ask(zone);
    this.#ask(internet.root);
    for (const host of internet.hosts)
      for (const server of host.servers) {
        server.latency = 1 + this.#prng.below(40);
        server.loss = this.#options.loss;
      }
    return { internet, questions: shuffled(this.#questions, this.#prng) };
  }

  #top(name: string): Zone {
    const internet = this.#internet;
    const servers = [1, 2].map((i) => internet.host(`ns${i}.nic.${name}`, { ipv6: this.#prng.below(2) }));
    const zone = internet.zone(name, {
      servers,
      ...(this.#happens(0.8) ? { sign: this.#signing() } : {}),
    });
    zone.siblingGlue = this.#happens(0.5);
    const hoster = `hoster.${name}`;
    const hosts = [1, 2].map((i) => internet.host(`ns${i}.${hoster}`));
    internet.zone(hoster, { servers: hosts, ...(this.#happens(0.5) ? { sign: this.#signing() } : {}) });
    this.#hosters.push(hosts);
    return zone;
  }

  #below(parent: Zone, label: string): Zone {
    const name = `${label}.${parent.name}`;
    const signing = this.#happens(0.55) ? this.#signing() : undefined;
    const { servers, isOwn } = this.#servers(name, parent);
    const zone = this.#internet.zone(name, { servers, ...(signing && { sign: signing }) });
    zone.negativeTtl = 30 + this.#prng.below(600);
    if (this.#happens(this.#options.faults)) this.#spoil(zone);
    if (isOwn) this.#makeOdd(servers, signing !== undefined);
    return zone;
  }

  /** Its own, a hoster's, the parent's, or one of its own and one of a hoster's. */
  #servers(name: string, parent: Zone): { servers: Host[]; isOwn: boolean } {
    const own = (i: number): Host =>
      this.#internet.host(`ns${i}.${name}`, { ipv4: 1 + this.#prng.below(2), ipv6: this.#prng.below(2) });
    switch (this.#prng.below(6)) {
      case 0:
      case 1:
        return { servers: [...this.#pick(this.#hosters)], isOwn: false };
      case 2:
        return { servers: this.#internet.hostsOf(parent), isOwn: false };
      case 3:
        return { servers: [own(1), this.#pick(this.#hosters)[0]!], isOwn: false };
      default:
        return { servers: [own(1), own(2)], isOwn: true };
    }
  }

  #signing(): Signing {
    const denials = [
      'nsec',
      {},
      { optOut: true },
      { iterations: 5, salt: new Uint8Array([0xab, 0xcd]) },
    ] as const;
    return {
      algorithm: this.#pick([13, 13, 13, 13, 15, 14]),
      split: this.#happens(0.4),
      denial: this.#pick(denials),
      digest: this.#pick([2, 2, 2, 4, 1]),
    };
  }

  #spoil(zone: Zone): void {
    if (zone.signing !== undefined) this.#internet.break(zone.name, this.#pick(FAULTS));
    // An opt-out gap may prove the absence of an empty non-terminal in between, and with it of the DS.
    else if (zone.name.startsWith('x.')) this.#internet.break(zone.name, 'ds-but-unsigned');
    else this.#internet.break(zone.name, this.#pick(['missing-ds-proof', 'ds-but-unsigned']));
  }

  #makeOdd(hosts: readonly Host[], signed: boolean): void {
    if (this.#happens(this.#options.lame)) hosts[0]!.wrap = this.#pick(USELESS);
    else if (this.#happens(0.1)) hosts[1]!.wrap = this.#pick(signed ? ODD : ODD_UNSIGNED);
    for (const host of hosts)
      host.options = {
        minimal: this.#happens(0.5),
        cookies: this.#happens(0.3),
        payload: this.#pick([512, 1232, 4096]),
      };
  }

  #fill(zone: Zone, zones: readonly Zone[]): void {
    const other = (): string => this.#pick(zones).name;
    const lines = [
      'www A 192.0.2.1',
      'www A 192.0.2.2',
      'www AAAA 2001:db8::1',
      'alias CNAME www',
      'alias2 CNAME alias',
      'lost CNAME nothing',
      `out CNAME ${this.#pick(['www', 'alias', 'nothing', 'x.wild', 'lost'])}.${other()}`,
      `out2 CNAME out`,
      'a.b.ent TXT "below an empty non-terminal"',
      '*.wild A 192.0.2.3',
      'x.y.wild TXT "beside the wildcard"',
      '*.wildalias CNAME www',
      `old DNAME new`,
      'host.new A 192.0.2.4',
      `far DNAME ${other()}`,
      `big TXT ${Array.from({ length: 7 }, () => `"${'t'.repeat(250)}"`).join(' ')}`,
      'mail MX 10 www',
    ];
    zone.text = `$TTL ${60 + this.#prng.below(3600)}\n${lines.filter(() => this.#happens(0.9)).join('\n')}\n`;
    zone.changed();
  }

  #ask(zone: Zone): void {
    const at = (label: string, type = 'A'): Question => ({ name: join(label, zone.name), type });
    const all = [
      ...['www', 'alias', 'alias2', 'lost', 'out', 'out2', 'ent', 'b.ent', 'nothing', 'a.b.nothing'].map(
        (n) => at(n),
      ),
      ...['q.wild', 'q.r.wild', 'q.x.y.wild', '*.wild', 'q.wildalias', 'host.old', 'no.old'].map((n) =>
        at(n),
      ),
      ...['www.far', 'nothing.far', 'nothing.www', 'mail'].map((n) => at(n)),
      ...[at('www', 'AAAA'), at('www', 'TXT'), at('big', 'TXT'), at('mail', 'MX'), at('q.wild', 'TXT')],
      ...['NS', 'SOA', 'DS', 'DNSKEY', 'A', 'MX'].map((type) => at('', type)),
      ...[
        at('www', 'DS'),
        at('nothing', 'DS'),
        at('alias', 'CNAME'),
        at('q.old', 'CNAME'),
        at('old', 'DNAME'),
      ],
    ];
    this.#questions.push(...all.filter(() => this.#happens(0.5)));
  }

  #happens(share: number): boolean {
    return this.#prng.below(1000) < share * 1000;
  }
  #pick<T>(from: readonly T[]): T {
    return from[this.#prng.below(from.length)]!;
  }
}

function join(label: string, zone: string): string {
  if (label === '') return zone;
  return zone === '.' ? `${label}.` : `${label}.${zone}`;
}

function shuffled<T>(from: readonly T[], prng: Prng): T[] {
  const out = [...from];
  for (let i = out.length - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** Rules and lists: the verdict is that of a walk through the rules, and what a name costs is counted. */
import fc from 'fast-check';
import t from 'tap';
import { listedDomain, readDomain } from '../../src/control/firewall/domain.ts';
import {
  type DomainList,
  Firewall,
  type FirewallRule,
  NO_RULE,
  type Place,
} from '../../src/policy/firewall.ts';
import { TYPE } from '../../src/wire/constants.ts';
import { type Name, nameFromText } from '../../src/wire/name.ts';
import { Domains } from '../../src/zone/domains.ts';

const SEED = 7;
const rule = (more: Partial<FirewallRule> = {}): FirewallRule => ({
  group: 'g',
  list: 'l',
  qtype: undefined,
  action: { kind: 'alert' },
  redirection: 'inspect',
  ...more,
});
const listOf = (domains: readonly string[], seed?: number): Domains =>
  Domains.from(
    Domains.build(
      domains.map((domain) => listedDomain(readDomain(domain)!)),
      seed,
    ),
  );

/** A name that counts how often an octet of it is read. */
function counted(name: Name): { name: Name; reads: () => number } {
  let reads = 0;
  const get = (target: Name, key: string | symbol): unknown => {
    if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
    return Reflect.get(target, key);
  };
  return { name: new Proxy(name, { get }), reads: () => reads };
}

const LONGEST = nameFromText('a.'.repeat(127));
/** What a group may have, times what a VPC may have. */
const RULES = 500;

t.test('however many lists there are, a name is hashed once', async (t) => {
  const octetsRead = (lists: readonly Domains[]): number => {
    const { name, reads } = counted(LONGEST);
    const firewall = new Firewall({ rules: lists.map(() => rule()), failOpen: false }, lists);
    t.equal(firewall.match(name, TYPE.A, 'asked'), NO_RULE);
    return reads();
  };
  // Names of all depths, and of one: no suffix of the name may be left out for its length.
  const lists = (count: number, seed?: number): Domains[] =>
    Array.from({ length: count }, (_, i) =>
      listOf([`x${i % 9}.test`, `${'b.'.repeat(2 + (i % 117))}test`, `${'b.'.repeat(120)}test`], seed),
    );
  const one = octetsRead(lists(1, SEED));
  t.ok(one >= LONGEST.length, `${one} of ${LONGEST.length}`);
  t.equal(octetsRead(lists(RULES, SEED)), one);
  t.ok(octetsRead(lists(RULES)) > 100 * one, 'where each list has a seed of its own this counts it');
});

t.test('a list is asked once for all of its rules, and not after the verdict', async (t) => {
  const asked = new Map<number, number>();
  const lists = Array.from(
    { length: 10 },
    (_, i): DomainList => ({
      covers: () => {
        asked.set(i, (asked.get(i) ?? 0) + 1);
        return i === 7;
      },
    }),
  );
  const rules = Array.from({ length: RULES }, (_, i) => rule({ qtype: i % 3 === 0 ? TYPE.AAAA : undefined }));
  const of = rules.map((_, i) => lists[i % 8 === 7 && i < 100 ? 9 : i % 8]!);
  const firewall = new Firewall({ rules, failOpen: false }, of);
  const first = 103;
  for (let round = 1; round <= 2; round++) {
    t.equal(firewall.match(LONGEST, TYPE.A, 'asked'), first);
    t.same(
      [...asked].sort(([a], [b]) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 9].map((list) => [list, round]),
      'each once for each name',
    );
  }
});

t.test('the first rule that matches decides, whatever rules share', async (t) => {
  const name = fc
    .array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 4 })
    .map((labels) => labels.join('.'));
  const domain = fc.oneof(
    name,
    name.map((each) => `*.${each}`),
    fc.constant('*'),
  );
  const list = fc.oneof(
    { weight: 6, arbitrary: fc.array(domain, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
  const rules = fc.array(
    fc.record({
      list: fc.nat(4),
      qtype: fc.constantFrom(undefined, TYPE.A, TYPE.AAAA),
      redirection: fc.constantFrom('inspect' as const, 'trust' as const),
    }),
    { maxLength: 8 },
  );
  const place = fc.constantFrom<Place>('asked', 'hop');
  const matches = (domains: readonly string[], asked: string): boolean =>
    domains.some((each) =>
      each[0] === '*' ? each === '*' || asked.endsWith(each.slice(1)) : each === asked,
    );
  fc.assert(
    fc.property(
      fc.tuple(list, list, list, list, list),
      rules,
      fc.array(fc.tuple(name, place), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      fc.boolean(),
      (lists, specs, names, failOpen, isShared) => {
        const tables = lists.map((each) => each && listOf(each, isShared ? SEED : undefined));
        const firewall = new Firewall(
          { rules: specs.map(({ list, ...each }) => rule({ ...each, list: String(list) })), failOpen },
          specs.map((spec) => tables[spec.list]),
        );
        for (const [text, place] of names) {
          const walked = specs.findIndex(({ list, qtype, redirection }) => {
            if ((qtype ?? TYPE.A) !== TYPE.A || (place === 'hop' && redirection === 'trust')) return false;
            const domains = lists[list];
            return domains === undefined ? !failOpen : matches(domains, text);
          });
          t.equal(firewall.match(nameFromText(text.toUpperCase()), TYPE.A, place), walked);
        }
      },
    ),
    { seed: 19, numRuns: 1000 },
  );
});

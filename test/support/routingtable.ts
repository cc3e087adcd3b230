/** Route 53's choices by its documentation, case by case: what any implementation has to answer. */
import type { RecordSet } from '../../src/zone/recordset.ts';
import type { CidrCollection, ClientFacts } from './routing.ts';
import {
  CLIENTS,
  cidr,
  collection,
  from,
  geolocation,
  geoproximity,
  latency,
  located,
  multivalue,
  primary,
  secondary,
  simple,
  weighted,
} from './routingsets.ts';

export interface Row {
  readonly what: string;
  readonly sets: readonly RecordSet[];
  /** Slots of the health checks that fail; none where left out. */
  readonly unhealthy?: readonly number[];
  /** Nobody knows where it is, where left out. */
  readonly client?: ClientFacts;
  readonly collection?: CidrCollection;
  /** `www` where left out. */
  readonly ask?: string;
  /** Shares of the answers, or the only one. */
  readonly answer: string | Readonly<Record<string, number>>;
}

const { nobody, seattle, denver, american, berlin, ankara, european } = CLIENTS;
const ab = { a: 0.5, b: 0.5 };

const simpleRows: readonly Row[] = [
  { what: 'simple', sets: [simple('a')], answer: 'a' },
  {
    what: 'a health check on a simple set changes nothing',
    sets: [simple('a', 1)],
    unhealthy: [1],
    answer: 'a',
  },
];

const weightedRows: readonly Row[] = (
  [
    ['in proportion', [weighted('a', 1), weighted('b', 3)], [], { a: 0.25, b: 0.75 }],
    ['a single set', [weighted('a', 7)], [], 'a'],
    ['weight 0 gets nothing', [weighted('a', 255), weighted('b', 0)], [], 'a'],
    ['a share of what is healthy', [weighted('a', 1, 1), weighted('b', 1, 2), weighted('c', 2, 3)], [3], ab],
    ['without a health check always healthy', [weighted('a', 9, 1), weighted('b', 1)], [1], 'b'],
    ['weight 0 when all others are unhealthy', [weighted('a', 9, 1), weighted('b', 0, 2)], [1], 'b'],
    ['several of weight 0: equal', [weighted('z', 9, 1), weighted('a', 0), weighted('b', 0, 2)], [1], ab],
    [
      'an unhealthy one of weight 0',
      [weighted('z', 9, 1), weighted('a', 0), weighted('b', 0, 2)],
      [1, 2],
      'a',
    ],
    ['all of weight 0: equal', [weighted('a', 0, 1), weighted('b', 0, 2)], [], ab],
    ['all of weight 0, one unhealthy', [weighted('a', 0, 1), weighted('b', 0, 2)], [1], 'b'],
    ['all of weight 0, all unhealthy', [weighted('a', 0, 1), weighted('b', 0, 1)], [1], ab],
    ['all unhealthy', [weighted('a', 1, 1), weighted('b', 4, 2)], [1, 2], { a: 0.2, b: 0.8 }],
    ['all unhealthy, weight 0 among them', [weighted('a', 1, 1), weighted('b', 0, 1)], [1], 'a'],
    ['one check for several sets', [weighted('a', 1, 1), weighted('b', 1, 1), weighted('c', 1, 2)], [1], 'c'],
  ] as const
).map(([what, sets, unhealthy, answer]) => ({ what: `weighted: ${what}`, sets, unhealthy, answer }));

const failoverRows: readonly Row[] = (
  [
    ['the primary', [primary('p', 1), secondary('s', 2)], [], 'p'],
    ['the primary, the secondary unhealthy', [primary('p', 1), secondary('s', 2)], [2], 'p'],
    ['the secondary', [primary('p', 1), secondary('s', 2)], [1], 's'],
    ['both unhealthy: the primary', [primary('p', 1), secondary('s', 2)], [1, 2], 'p'],
    ['both by one check: the primary', [primary('p', 1), secondary('s', 1)], [1], 'p'],
    ['a secondary without a check', [primary('p', 1), secondary('s')], [1], 's'],
    ['a primary without a check', [secondary('s', 1), primary('p')], [1], 'p'],
    ['the primary alone', [primary('p', 1)], [1], 'p'],
    ['the secondary alone', [secondary('s', 1)], [1], 's'],
  ] as const
).map(([what, sets, unhealthy, answer]) => ({ what: `failover: ${what}`, sets, unhealthy, answer }));

const regions = [
  latency('us', 'us-east-1', 1),
  latency('eu', 'eu-central-1', 2),
  latency('ap', 'ap-northeast-1', 3),
];

const latencyRows: readonly Row[] = (
  [
    ['the nearest', berlin, [], 'eu'],
    ['another client', seattle, [], 'us'],
    ['the next best', berlin, [2], 'us'],
    ['the last one', berlin, [1, 2], 'ap'],
    ['all unhealthy: the nearest', berlin, [1, 2, 3], 'eu'],
    ['around the back of the globe', located(40, -179), [], 'ap'],
    ['over the pole', located(88, -80), [], 'eu'],
    ['a client of whom only the continent is known, from where this node is', european, [], 'eu'],
    ['nobody knows where, from where this node is', nobody, [], 'eu'],
  ] as const
).map(([what, client, unhealthy, answer]) => ({
  what: `latency: ${what}`,
  sets: regions,
  client,
  unhealthy,
  answer,
}));

const places = [
  geolocation('wa', 'US-WA', 1),
  geolocation('us', 'US', 2),
  geolocation('na', 'NA:', 3),
  geolocation('any', '*', 4),
  geolocation('eu', 'EU:', 5),
];
const noDefault = places.filter((set) => set.setIdentifier !== 'any');

const geolocationRows: readonly Row[] = (
  [
    ['state', places, seattle, [], 'wa'],
    ['another state: country', places, denver, [], 'us'],
    ['state not known: country', places, american, [], 'us'],
    ['country without a set: continent', places, berlin, [], 'eu'],
    ['continent alone known', places, european, [], 'eu'],
    ['by the continent that Route 53 has for it', places, ankara, [], 'eu'],
    ['not found: default only', places, nobody, [], 'any'],
    ['state unhealthy: country', places, seattle, [1], 'us'],
    ['and country: continent', places, seattle, [1, 2], 'na'],
    ['and continent: default', places, seattle, [1, 2, 3], 'any'],
    ['none healthy: the smallest that matches', places, seattle, [1, 2, 3, 4], 'wa'],
    ['none healthy, from the country on', places, denver, [1, 2, 3, 4], 'us'],
    ['a healthy set for others is no help', noDefault, seattle, [1, 2, 3], 'wa'],
    ['default unhealthy, nothing else matches', places, nobody, [4], 'any'],
    ['no match and no default', noDefault, nobody, [], 'none'],
    ['no match for a client that is known', [geolocation('jp', 'JP')], berlin, [], 'none'],
    ['no match, unhealthy', [geolocation('jp', 'JP', 1)], berlin, [1], 'none'],
    ['a state is not its country', [geolocation('wa', 'US-WA')], american, [], 'none'],
    ['the same letters in another country', [geolocation('us', 'US-DE')], berlin, [], 'none'],
    ['NA the continent, not Namibia', [geolocation('x', 'NA')], seattle, [], 'none'],
  ] as const
).map(([what, sets, client, unhealthy, answer]) => ({
  what: `geolocation: ${what}`,
  sets,
  client,
  unhealthy,
  answer,
}));

/** Of a client at 0, 0 the one is 10 degrees away and the other 20. */
function apart(nearBias: number, farBias: number): RecordSet[] {
  const near = geoproximity('near', { latitude: 0, longitude: 10 }, nearBias, 1);
  return [near, geoproximity('far', { latitude: 0, longitude: -20 }, farBias, 2)];
}

const geoproximityRows: readonly Row[] = (
  [
    ['the nearest', 0, 0, located(0, 0), [], 'near'],
    ['a bias of 49 is not enough for twice as far', 0, 49, located(0, 0), [], 'near'],
    ['a bias of 51 is', 0, 51, located(0, 0), [], 'far'],
    ['a bias of -49 does not double', -49, 0, located(0, 0), [], 'near'],
    ['a bias of -51 does', -51, 0, located(0, 0), [], 'far'],
    ['both: 10 / 0.8 against 20 * 0.6', -20, 40, located(0, 0), [], 'far'],
    ['both: 10 / 0.8 against 20 * 0.65', -20, 35, located(0, 0), [], 'near'],
    ['99 draws far', 0, 99, located(0, 8), [], 'far'],
    ['-99 pushes far', -99, 0, located(0, 9), [], 'far'],
    ['the arc counts, not the chord: 150 against 180 * 0.9', 0, 10, located(0, 160), [], 'near'],
    ['unhealthy: the next', 0, 0, located(0, 0), [1], 'far'],
    ['all unhealthy: the nearest', 0, 0, located(0, 0), [1, 2], 'near'],
    ['nobody knows where, from where this node is', 0, 0, nobody, [], 'near'],
  ] as const
).map(([what, near, far, client, unhealthy, answer]) => ({
  what: `geoproximity: ${what}`,
  sets: apart(near, far),
  client,
  unhealthy,
  answer,
}));

function values(count: number): RecordSet[] {
  return [...'abcdefghij'].slice(0, count).map((label, slot) => multivalue(label, slot));
}

const multivalueRows: readonly Row[] = (
  [
    ['one', 1, [], 'a'],
    ['all of a few', 3, [], '3 of a b c'],
    ['only the healthy', 3, [1], '2 of a c'],
    ['a single healthy one', 3, [0, 1], 'c'],
    ['none healthy: all', 3, [0, 1, 2], '3 of a b c'],
    ['eight: all', 8, [], '8 of a b c d e f g h'],
    ['ten: eight', 10, [], '8 of a b c d e f g h i j'],
    ['ten, one unhealthy: eight of nine', 10, [0], '8 of b c d e f g h i j'],
    ['ten, two unhealthy: the others', 10, [0, 9], '8 of b c d e f g h i'],
    ['ten, none healthy: eight of all', 10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], '8 of a b c d e f g h i j'],
  ] as const
).map(([what, count, unhealthy, answer]) => ({
  what: `multivalue: ${what}`,
  sets: values(count),
  unhealthy,
  answer,
}));

const blocks = collection({
  office: ['10.1.0.0/16', '2001:db8:1::/48'],
  campus: ['10.0.0.0/8', '2001:db8::/32'],
  nowhere: ['10.2.0.0/16'],
});
const locations = [cidr('o', 'office', 1), cidr('c', 'campus', 2), cidr('rest', '*', 3)];
const noRest = locations.slice(0, 2);

const cidrRows: readonly Row[] = (
  [
    ['the longest block', locations, from('10.1.2.3'), [], 'o'],
    ['the block around it', locations, from('10.3.2.1'), [], 'c'],
    ['IPv6', locations, from('2001:db8:1::53'), [], 'o'],
    ['an ECS prefix as long as the block', locations, from('10.1.0.0/16'), [], 'o'],
    ['an ECS prefix shorter than the block: the block around it', locations, from('10.0.0.0/15'), [], 'c'],
    ['an ECS prefix of IPv6 shorter than the block', locations, from('2001:db8::/32'), [], 'c'],
    ['an ECS prefix shorter than any block', locations, from('10.0.0.0/7'), [], 'rest'],
    [
      'an ECS prefix shorter than the block, nothing around it',
      [cidr('o', 'office'), cidr('rest', '*')],
      from('2001:db8::/32'),
      [],
      'rest',
    ],
    ['the location of no set', locations, from('10.2.0.1'), [], 'rest'],
    ['no block', locations, from('192.0.2.1'), [], 'rest'],
    ['no block and no `*`', noRest, from('192.0.2.1'), [], 'none'],
    ['no block and no `*`, unhealthy', noRest, from('192.0.2.1'), [1, 2], 'none'],
    ['unhealthy: `*`, not the block around it', locations, from('10.1.2.3'), [1], 'rest'],
    ['`*` unhealthy too: the block', locations, from('10.1.2.3'), [1, 3], 'o'],
    ['unhealthy without `*`', noRest, from('10.1.2.3'), [1], 'o'],
    ['`*` unhealthy, no block', locations, from('192.0.2.1'), [3], 'rest'],
  ] as const
).map(([what, sets, client, unhealthy, answer]) => ({
  what: `cidr: ${what}`,
  sets,
  client,
  unhealthy,
  answer,
  collection: blocks,
}));

export const policyRows: readonly Row[] = [
  ...simpleRows,
  ...weightedRows,
  ...failoverRows,
  ...latencyRows,
  ...geolocationRows,
  ...geoproximityRows,
  ...multivalueRows,
  ...cidrRows,
];

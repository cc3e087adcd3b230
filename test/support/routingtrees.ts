/** Route 53's choices by its documentation, continued: trees of aliases and wildcards. */
import { TYPE } from '../../src/wire/constants.ts';
import type { RecordSet } from '../../src/zone/recordset.ts';
import {
  CLIENTS,
  canonical,
  geolocation,
  latency,
  multivalue,
  on,
  primary,
  secondary,
  simple,
  to,
  weighted,
} from './routingsets.ts';
import type { Row } from './routingtable.ts';

const { berlin, seattle } = CLIENTS;

const blue = on('blue', weighted('b1', 1, 1), weighted('b2', 1, 2));
const green = on('green', weighted('g1', 1, 3), weighted('g2', 3, 4));

/** `www`: half to blue, half to green. 5 and 6 are the checks of the aliases. */
function halves(health: 'evaluated' | 'ignored', checks: readonly [number?, number?] = []): RecordSet[] {
  const half = (target: string, check?: number): RecordSet => to(target, weighted(target, 1, check), health);
  return [half('blue', checks[0]), half('green', checks[1]), ...blue, ...green];
}

const all = { b1: 0.25, b2: 0.25, g1: 0.125, g2: 0.375 };
const onlyGreen = { g1: 0.25, g2: 0.75 };

const weightedTrees: readonly Row[] = (
  [
    ['weights multiply', halves('evaluated'), [], all],
    ['a branch without any healthy set is left out', halves('evaluated'), [1, 2], onlyGreen],
    ['one healthy set keeps it', halves('evaluated'), [1], { b2: 0.5, g1: 0.125, g2: 0.375 }],
    ['all unhealthy: both passes, at each level', halves('evaluated'), [1, 2, 3, 4], all],
    ['not evaluated: entered, and must answer', halves('ignored'), [1, 2], all],
    ['not evaluated: the rest as usual', halves('ignored'), [1, 2, 3], { b1: 0.25, b2: 0.25, g2: 0.5 }],
    ['not evaluated: the check of the alias', halves('ignored', [5, 6]), [5], onlyGreen],
    ['evaluated and checked: both healthy', halves('evaluated', [5, 6]), [], all],
    ['evaluated and checked: the check fails', halves('evaluated', [5, 6]), [5], onlyGreen],
    ['evaluated and checked: the target fails', halves('evaluated', [5, 6]), [1, 2], onlyGreen],
    ['each fails by something else', halves('evaluated', [5, 6]), [1, 2, 6], all],
  ] as const
).map(([what, sets, unhealthy, answer]) => ({ what: `tree: ${what}`, sets, unhealthy, answer }));

const evaluated = [
  to('blue', primary('p'), 'evaluated'),
  to('green', secondary('s'), 'evaluated'),
  ...blue,
  ...green,
];
const entered = [to('blue', primary('p'), 'ignored'), secondary('s'), ...blue];
const lastWeight = on('blue', weighted('y', 5, 1), weighted('z', 0, 2));
const byPlace = on('places', geolocation('us', 'US', 1), geolocation('eu', 'EU:', 2));

const failoverTrees: readonly Row[] = (
  [
    ['the primary branch', evaluated, [1], 'b2'],
    ['the secondary branch', evaluated, [1, 2], onlyGreen],
    ['both unhealthy: the primary branch, by its last resort', evaluated, [1, 2, 3, 4], { b1: 0.5, b2: 0.5 }],
    ['not evaluated: the primary branch', entered, [1, 2], { b1: 0.5, b2: 0.5 }],
    [
      'weight 0 counts as healthy',
      [to('blue', primary('p'), 'evaluated'), secondary('s'), ...lastWeight],
      [1],
      'z',
    ],
    [
      'a set for other clients counts',
      [to('places', primary('p'), 'evaluated'), secondary('s'), ...byPlace],
      [1],
      'us',
    ],
    [
      'no set in the branch for the client',
      [to('places', primary('p'), 'evaluated'), secondary('s'), ...byPlace.slice(1)],
      [],
      'none',
    ],
    [
      'a simple set with a check',
      [to('one', primary('p'), 'evaluated'), secondary('s'), ...on('one', simple('o', 1))],
      [1],
      's',
    ],
    [
      'a simple set without',
      [to('one', primary('p'), 'evaluated'), secondary('s'), ...on('one', simple('o'))],
      [1],
      'o',
    ],
    [
      'several values',
      [
        to('many', primary('p'), 'evaluated'),
        secondary('s'),
        ...on('many', multivalue('m', 1), multivalue('n', 2), multivalue('o')),
      ],
      [1],
      '2 of n o',
    ],
  ] as const
).map(([what, sets, unhealthy, answer]) => ({
  what: `failover of branches: ${what}`,
  sets,
  unhealthy,
  client: seattle,
  answer,
}));

/** Latency over weights over failover over an alias over weights, as five names. */
function deep(health: 'evaluated' | 'ignored'): RecordSet[] {
  return [
    to('eu', latency('eu', 'eu-central-1'), 'evaluated'),
    to('us', latency('us', 'us-east-1'), 'evaluated'),
    ...on('eu', to('pair', weighted('pair', 3), 'evaluated'), weighted('canary', 1, 7)),
    ...on('us', to('pair', weighted('pair', 1), 'evaluated')),
    ...on('pair', to('blue', primary('p', 5), health), to('only', secondary('s'), health)),
    ...on('only', to('green', simple('g'), health)),
    ...blue,
    ...green,
  ];
}

const deepTrees: readonly Row[] = (
  [
    ['all healthy', deep('evaluated'), [], { b1: 0.375, b2: 0.375, canary: 0.25 }],
    ['the fifth level', deep('evaluated'), [5, 3], { g2: 0.75, canary: 0.25 }],
    ['backs out over three levels', deep('evaluated'), [1, 2, 3, 4], 'canary'],
    [
      'nothing healthy: the first choice at each level',
      deep('evaluated'),
      [1, 2, 3, 4, 7],
      { b1: 0.375, b2: 0.375, canary: 0.25 },
    ],
    [
      'not evaluated in the middle: what is below does not count',
      deep('ignored'),
      [1, 2, 3, 4],
      { b1: 0.375, b2: 0.375, canary: 0.25 },
    ],
    [
      'not evaluated in the middle, its check fails',
      deep('ignored'),
      [1, 5, 3, 4],
      { g1: 0.1875, g2: 0.5625, canary: 0.25 },
    ],
  ] as const
).map(([what, sets, unhealthy, answer]) => ({
  what: `deep tree: ${what}`,
  sets,
  unhealthy,
  client: berlin,
  answer,
}));

const outside = [to('www.far.', weighted('far', 1, 1), 'evaluated'), weighted('near', 1, 2)];

function otherType(set: RecordSet, type: number): RecordSet {
  return { ...set, type };
}

const twoTypes = [
  to('both', simple('w'), 'evaluated'),
  ...on('both', simple('text'), otherType(simple('other'), TYPE.SPF)),
];

const aliasRows: readonly Row[] = [
  { what: 'alias: out of the zone', sets: outside, answer: { '-> www.far.': 0.5, near: 0.5 } },
  { what: 'alias: out of the zone, its check fails', sets: outside, unhealthy: [1], answer: 'near' },
  { what: 'alias: what lies outside is healthy', sets: outside, unhealthy: [2], answer: '-> www.far.' },
  {
    what: 'alias: of a simple name, unhealthy',
    sets: [to('blue', simple('w', 5), 'evaluated'), ...blue],
    unhealthy: [1, 2, 5],
    answer: { b1: 0.5, b2: 0.5 },
  },
  {
    what: 'alias: two of one target',
    sets: [to('blue', weighted('x', 1), 'evaluated'), to('blue', weighted('y', 2), 'ignored'), ...blue],
    unhealthy: [1],
    answer: 'b2',
  },
  { what: 'alias: only its own type', sets: twoTypes, answer: 'text' },
];

const wild = on('*.w', weighted('wa', 1, 1), weighted('wb', 1, 2));
const blocked = [...wild, ...on('deep.here.w', simple('d'))];
const half = { wa: 0.5, wb: 0.5 };

const wildcardRows: readonly Row[] = (
  [
    ['a name that is not there', wild, 'x.w', [], half],
    ['deeper', wild, 'x.y.z.w', [], half],
    ['itself', wild, '*.w', [], half],
    ['chosen by health', wild, 'x.w', [1], 'wb'],
    ['all unhealthy is not NXDOMAIN', wild, 'x.w', [1, 2], half],
    ['its parent is empty', wild, 'w', [], 'nodata'],
    ['a name that is there keeps it off', blocked, 'deep.here.w', [], 'd'],
    ['an empty name keeps it off', blocked, 'here.w', [], 'nodata'],
    ['and below it', blocked, 'x.here.w', [], 'nxdomain'],
    ['and below the last name', blocked, 'x.deep.here.w', [], 'nxdomain'],
    ['below the wildcard itself', wild, 'x.*.w', [], 'nxdomain'],
    ['another part of the zone', wild, 'x', [], 'nxdomain'],
    ['of another type', wild.map((set) => otherType(set, TYPE.SPF)), 'x.w', [], 'nodata'],
    [
      'a name of another type',
      [...wild, otherType(on('x.w', simple('a'))[0]!, TYPE.SPF)],
      'x.w',
      [],
      'nodata',
    ],
    ['an alias to what it makes', [to('x.w', simple('w'), 'ignored'), ...wild], 'www', [1], 'wb'],
    [
      'its health by an alias',
      [to('x.w', primary('p'), 'evaluated'), secondary('s'), ...wild],
      'www',
      [1, 2],
      's',
    ],
    ['of an alias', [...on('*', to('blue', simple('w'), 'ignored')), ...blue], 'x', [2], 'b1'],
  ] as const
).map(([what, sets, ask, unhealthy, answer]) => ({
  what: `wildcard: ${what}`,
  sets,
  ask,
  unhealthy,
  answer,
}));

const cnames = on('c', weighted('ca', 1, 1), weighted('cb', 1, 2)).map(canonical);

const cnameRows: readonly Row[] = [
  { what: 'CNAME: answers for every type', sets: cnames, ask: 'c', answer: { ca: 0.5, cb: 0.5 } },
  { what: 'CNAME: chosen by health', sets: cnames, ask: 'c', unhealthy: [1], answer: 'cb' },
];

export const treeRows: readonly Row[] = [
  ...weightedTrees,
  ...failoverTrees,
  ...deepTrees,
  ...aliasRows,
  ...wildcardRows,
  ...cnameRows,
];

/** `npm run bench -- routing`: names whose answer is chosen for each query, beside plain ones of the same zone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLUMNS } from './cached.ts';
import { load, WARM_SECONDS } from './load.ts';
import type { Options } from './options.ts';
import { interleaved, type Server, start } from './peers.ts';
import { routed } from './recipes.ts';
import { compare, publish } from './report.ts';

const ZONE = 'routed.example';
/** Nothing here is asked of others. */
const NO_UPSTREAM = 9;
/** Of each kind. */
const NAMES = 250;

/** A set of a name, in YAML, without name, type and TTL. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  plain: ['values: 10.9.0.1'],
  weighted: [1, 3, 6].map(
    (weight) => `values: 10.9.1.${weight}, setIdentifier: w${weight}, weight: ${weight}`,
  ),
  failover: [
    'values: 10.9.2.1, setIdentifier: a, failover: PRIMARY, healthCheckId: hc-bench',
    'values: 10.9.2.2, setIdentifier: b, failover: SECONDARY',
  ],
  latency: ['us-east-1', 'eu-west-1', 'eu-central-1', 'ap-northeast-1'].map(
    (region, i) => `values: 10.9.3.${i}, setIdentifier: ${region}, region: ${region}`,
  ),
  geolocation: [
    '{ countryCode: DE }',
    '{ continentCode: EU }',
    '{ continentCode: AS }',
    '{ countryCode: "*" }',
  ].map((place, i) => `values: 10.9.4.${i}, setIdentifier: g${i}, geoLocation: ${place}`),
  // A tree: by place, then by health, then by weight.
  tree: [
    'aliasTarget: { dnsName: failing, evaluateTargetHealth: true }, setIdentifier: eu, geoLocation: { continentCode: EU }',
    'aliasTarget: { dnsName: weighted0, evaluateTargetHealth: true }, setIdentifier: all, geoLocation: { countryCode: "*" }',
  ],
};
const FAILING = [
  'aliasTarget: { dnsName: weighted0, evaluateTargetHealth: true }, setIdentifier: a, failover: PRIMARY',
  'values: 10.9.5.2, setIdentifier: b, failover: SECONDARY',
];

function setLines(name: string, sets: readonly string[]): string[] {
  return sets.map((set) => {
    const ttl = set.startsWith('alias') ? '' : 'ttl: 60, ';
    return `      - { name: ${name}, type: A, ${ttl}${set} }`;
  });
}

/** The zone in YAML, as an element of `zones`. */
export function routedZone(vpc: string): string {
  const names = Object.entries(KINDS).flatMap(([kind, sets]) =>
    Array.from({ length: NAMES }, (_, i) => setLines(`${kind}${i}`, sets)).flat(),
  );
  return [
    `  - name: ${ZONE}`,
    `    vpcs: [${vpc}]`,
    '    records:',
    ...setLines('failing', FAILING),
    ...names,
    '',
  ].join('\n');
}

/** Loads one server with each kind of name in turn, and publishes the table. */
export async function routing(options: Options): Promise<void> {
  const { rounds, seconds } = options;
  const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
  let server: Server | undefined;
  try {
    server = await start(routed(routedZone), { upstream: NO_UPSTREAM, ready: `plain0.${ZONE}` });
    const loads = Object.keys(KINDS).map((kind) => ({ ...server!, name: kind }));
    const fileOf = (kind: string): string => join(folder, kind);
    for (const { name } of loads)
      writeFileSync(
        fileOf(name),
        Array.from({ length: NAMES }, (_, i) => `${name}${i}.${ZONE} A\n`).join(''),
      );
    for (const each of loads) await load(each, { file: fileOf(each.name), seconds: WARM_SECONDS });
    const samples = await interleaved(rounds, loads, (each) =>
      load(each, { file: fileOf(each.name), seconds }),
    );
    publish(
      {
        id: 'routing',
        intro:
          `Names whose record set is chosen anew for each query, ${NAMES} of each kind in one private zone, by UDP, one ` +
          `worker; medians of ${rounds} rounds of ${seconds} s, in parentheses the ratio to plain records.`,
        tables: [compare('Chosen from record sets', samples, COLUMNS, 'plain')],
        notes: [
          '`tree`: a geolocation group leads by an alias to a failover group, and that by an alias to a weighted group, ' +
            'with EvaluateTargetHealth all the way.',
        ],
        programs: ['dnsperf'],
      },
      options,
    );
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

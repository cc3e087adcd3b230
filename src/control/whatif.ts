import * as z from 'zod';
import { AddressError, parseAddress } from '../util/cidr.ts';
import type { Clock } from '../util/clock.ts';
import { DOWN_SLOT, HealthBits } from '../util/healthbits.ts';
import type { HealthCheckData } from '../view/health.ts';
import type { Snapshot } from '../view/snapshot.ts';
import type { WhatIfDifference, WhatIfQuestion, WhatIfReport } from '../view/whatif.ts';
import { TextError } from '../wire/error.ts';
import { nameFromText } from '../wire/name.ts';
import { questionTypeFromText } from '../wire/rdata/table.ts';
import { regionNamed } from '../zone/geo/regions.ts';
import { withRegionsDown } from '../zone/outage.ts';
import { type Compiled, readConfig } from './compile.ts';
import { systemFiles } from './config/files.ts';
import type { Config } from './config/load.ts';
import { type ConfigProblem, problemToText } from './config/problem.ts';
import type { Hosted } from './hosted/named.ts';
import { HttpFault } from './http.ts';
import type { Workers } from './workers.ts';

/** Questions of one call, and the differences that are told of. */
const QUESTIONS_MAX = 10_000;
const DIFFERENCES_MAX = 1_000;
/** A worker makes thousands of answers twice, between those to its clients. */
const ANSWER_MS_MAX = 60_000;

/** What is to be supposed. */
export const whatIfBody = z.strictObject({
  /** Path of the configuration to try; absent: the one in force. */
  change: z.string().optional(),
  /** `hc-1=unhealthy`, `region=eu-west-1:down` */
  assume: z.array(z.string()).default([]),
  /** Absent: the last questions of each worker. */
  questions: z
    .array(z.strictObject({ name: z.string(), type: z.string(), vpc: z.string(), client: z.string() }))
    .max(QUESTIONS_MAX)
    .optional(),
});

/** What it takes to try. */
export interface WhatIfMeans {
  readonly workers: Pick<Workers, 'askAll'>;
  readonly inForce: Compiled;
  /** What is not of the configuration. */
  readonly hosted: () => Hosted;
  /** A configuration with what the API has added. */
  readonly amended: (config: Config) => Config;
  readonly clock: Clock;
  /** util/healthbits */
  readonly health: SharedArrayBuffer;
}

/**
 * Lists which questions would be answered otherwise under another configuration, with other health, or both. Nothing of
 * it is put in force, and no packet is sent.
 */
export async function whatIf(means: WhatIfMeans, body: z.output<typeof whatIfBody>): Promise<WhatIfReport> {
  const assumed = body.assume.map(readAssumption);
  const downRegions = assumed.flatMap((each) => (each.kind === 'region' ? each.region : []));
  const { compiled, warnings } =
    body.change === undefined ? { compiled: means.inForce, warnings: [] } : read(means, body.change);
  const snapshot = withOutage(compiled.snapshot, downRegions);
  const answers = await means.workers.askAll<'what-if'>(
    {
      ask: 'what-if',
      snapshot,
      health: assumedHealth(means.health, snapshot, assumed),
      ...(body.questions === undefined ? {} : { questions: body.questions.map(readQuestion) }),
    },
    ANSWER_MS_MAX,
  );
  const told = answers.flatMap(({ answer }) => answer ?? []);
  if (told.length === 0) throw new HttpFault(503, 'no worker answered', "see the daemon's log");
  return {
    // Each worker has questions of its own, unless all were given the same.
    questions: Math.max(...(body.questions === undefined ? [sum(told)] : told.map((each) => each.questions))),
    differences: unique(told.flatMap(({ differences }) => differences)).slice(0, DIFFERENCES_MAX),
    warnings: warnings.map(problemToText),
  };
}

/** A configuration as it would be put in force. */
function read(
  { inForce, clock, hosted, amended }: WhatIfMeans,
  path: string,
): { compiled: Compiled; warnings: readonly ConfigProblem[] } {
  const {
    compiled,
    errors = [],
    warnings,
  } = readConfig(path, inForce, systemFiles, clock.wall(), { hosted, amended });
  if (compiled !== undefined) return { compiled, warnings };
  const [first, ...more] = errors.map(problemToText);
  const others = more.length === 0 ? '' : `, and ${more.length} more errors`;
  throw new HttpFault(400, `${path} cannot be tried: ${first}${others}`, `see \`causeway check ${path}\``);
}

function withOutage(snapshot: Snapshot, regions: readonly string[]): Snapshot {
  if (regions.length === 0) return snapshot;
  const zones = snapshot.zones.map((zone) => ({ ...zone, image: withRegionsDown(zone.image, regions) }));
  return { ...snapshot, zones };
}

function sum(told: readonly { readonly questions: number }[]): number {
  return told.reduce((all, { questions }) => all + questions, 0);
}

function unique(differences: readonly WhatIfDifference[]): WhatIfDifference[] {
  const seen = new Map(
    differences.map((each) => [`${each.vpc} ${each.client} ${each.qname} ${each.qtype}`, each]),
  );
  return [...seen.values()];
}

type Assumption =
  | { readonly kind: 'check'; readonly id: string; readonly healthy: boolean }
  | { readonly kind: 'region'; readonly region: string };

function readAssumption(text: string): Assumption {
  const [, region] = /^region=([^:]+):down$/.exec(text) ?? [];
  if (region !== undefined) {
    if (regionNamed(region) !== undefined) return { kind: 'region', region };
    throw new HttpFault(400, `${JSON.stringify(region)} is no region of AWS`, 'write one such as eu-west-1');
  }
  const [, id, state] = /^(.+)=(healthy|unhealthy)$/.exec(text) ?? [];
  if (id !== undefined) return { kind: 'check', id, healthy: state === 'healthy' };
  const remedy = 'write hc-1=unhealthy, hc-1=healthy or region=eu-west-1:down';
  throw new HttpFault(400, `${JSON.stringify(text)} is nothing that can be assumed`, remedy);
}

/** The health that all have now, but for what is assumed and what follows from it. */
function assumedHealth(
  now: SharedArrayBuffer,
  { health }: Snapshot,
  assumed: readonly Assumption[],
): SharedArrayBuffer {
  const copy = new SharedArrayBuffer(now.byteLength);
  new Uint8Array(copy).set(new Uint8Array(now));
  const bits = new HealthBits(copy);
  bits.set(DOWN_SLOT, false);
  const checks = new Map(health.checks.map((check) => [check.id, check]));
  const fixed = new Set<string>();
  for (const each of assumed) {
    if (each.kind !== 'check') continue;
    const check = checks.get(each.id);
    if (check === undefined)
      throw new HttpFault(404, `no health check ${JSON.stringify(each.id)}`, 'see `causeway health`');
    bits.set(check.slot, each.healthy);
    fixed.add(each.id);
  }
  // A calculated check has no calculated children: one round tells all.
  for (const check of health.checks) if (!fixed.has(check.id)) recalculate(check, checks, bits);
  return copy;
}

function recalculate(
  { monitor, slot, disabled, inverted }: HealthCheckData,
  checks: ReadonlyMap<string, HealthCheckData>,
  bits: HealthBits,
): void {
  if (monitor.kind !== 'calculated') return;
  const children = monitor.children.flatMap((id) => checks.get(id) ?? []);
  const healthy = children.filter((child) => bits.isHealthy(child.slot)).length >= monitor.threshold;
  bits.set(slot, (disabled || healthy) !== inverted);
}

function readQuestion({
  name,
  type,
  vpc,
  client,
}: {
  name: string;
  type: string;
  vpc: string;
  client: string;
}): WhatIfQuestion {
  const code = questionTypeFromText(type);
  if (code === undefined)
    throw new HttpFault(400, `no record type ${JSON.stringify(type)}`, 'write one such as A');
  try {
    return { name: nameFromText(name), type: code, vpc, client: parseAddress(client) };
  } catch (error) {
    if (!(error instanceof TextError) && !(error instanceof AddressError)) throw error;
    throw new HttpFault(400, error.message, 'write NAME TYPE VPC CLIENT');
  }
}

import * as z from 'zod';
import { ALIAS_DEPTH_MAX } from '../../zone/setgroups.ts';

/** What is wrong with a traffic policy's document: where, what, and what would be right. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}

/** Numbers and booleans may be written as strings. */
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const whole = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d{1,9}$/, 'write a whole number')
    .transform(Number),
]);
const decimal = z.union([z.number().transform(String), z.string()]);

const text = z.string().max(4000);
const reference = z.string().min(1).max(255);

/** Where a branch leads: to an endpoint or to another rule, one of the two. */
const branch = {
  EndpointReference: reference.optional(),
  RuleReference: reference.optional(),
  EvaluateTargetHealth: flag.optional(),
  HealthCheck: text.optional(),
};

const endpoint = z.discriminatedUnion('Type', [
  z.strictObject({ Type: z.literal('value'), Value: text }),
  z.strictObject({
    Type: z.enum([
      'cloudfront',
      'application-load-balancer',
      'network-load-balancer',
      'elastic-load-balancer',
      'elastic-beanstalk',
    ]),
    Value: text,
  }),
  z.strictObject({ Type: z.literal('s3-website'), Region: text.optional(), Value: text }),
]);

const location = z.strictObject({
  Type: z.enum(['Region', 'LocalZone', 'Coordinate']),
  LocationName: text.optional(),
  Latitude: decimal.optional(),
  Longitude: decimal.optional(),
});

const rule = z.discriminatedUnion('RuleType', [
  z.strictObject({
    RuleType: z.literal('failover'),
    Primary: z.strictObject(branch),
    Secondary: z.strictObject(branch),
  }),
  z.strictObject({
    RuleType: z.literal('weighted'),
    Items: z.array(z.strictObject({ ...branch, Weight: whole })).min(1),
  }),
  z.strictObject({
    RuleType: z.literal('geo'),
    Locations: z
      .array(
        z.strictObject({
          ...branch,
          IsDefault: flag.optional(),
          Continent: text.optional(),
          Country: text.optional(),
          Subdivision: text.optional(),
        }),
      )
      .min(1),
  }),
  z.strictObject({
    RuleType: z.literal('latency'),
    Regions: z.array(z.strictObject({ ...branch, Region: text })).min(1),
  }),
  z.strictObject({
    RuleType: z.literal('multivalue'),
    Items: z.array(z.strictObject(branch)).min(1),
  }),
  z.strictObject({
    RuleType: z.literal('geoproximity'),
    GeoproximityLocations: z
      .array(
        z.strictObject({
          ...branch,
          Region: text.optional(),
          Latitude: decimal.optional(),
          Longitude: decimal.optional(),
          Location: location.optional(),
          Bias: whole.optional(),
        }),
      )
      .min(1),
  }),
]);

const document = z.strictObject({
  AWSPolicyFormatVersion: z.enum(['2015-10-01', '2023-05-09']),
  RecordType: z.string(),
  StartEndpoint: reference.optional(),
  StartRule: reference.optional(),
  Endpoints: z.record(z.string(), endpoint),
  Rules: z.record(z.string(), rule).optional(),
});

export type Document = z.output<typeof document>;
export type Endpoint = z.output<typeof endpoint>;
export type Rule = z.output<typeof rule>;
export type Location = z.output<typeof location>;

/** What all branches of a rule have. */
export interface Branch {
  readonly EndpointReference?: string | undefined;
  readonly RuleReference?: string | undefined;
  readonly EvaluateTargetHealth?: boolean | undefined;
  readonly HealthCheck?: string | undefined;
}

/**
 * Reads the document of a traffic policy: its shape, and that all that it refers to is there and no rules lead in a
 * circle. Names, values and codes are read with the record sets that it is made into. Throws DocumentError.
 */
export function readDocument(json: string): Document {
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch (error) {
    throw new DocumentError(`The document is not JSON: ${(error as Error).message}`);
  }
  const { data, error } = document.safeParse(raw);
  if (error !== undefined)
    throw new DocumentError(
      error.issues.map(({ path, message }) => `${path.join('.') || 'document'}: ${message}`).join('; '),
    );
  checkReferences(data);
  return data;
}

/** The branches of a rule, in their order. */
export function branchesOf(rule: Rule): readonly Branch[] {
  switch (rule.RuleType) {
    case 'failover':
      return [rule.Primary, rule.Secondary];
    case 'weighted':
    case 'multivalue':
      return rule.Items;
    case 'geo':
      return rule.Locations;
    case 'latency':
      return rule.Regions;
    case 'geoproximity':
      return rule.GeoproximityLocations;
  }
}

function checkReferences(read: Document): void {
  const { StartEndpoint: endpoint, StartRule: start, Rules: rules = {} } = read;
  checkTarget(
    read,
    'document',
    { EndpointReference: endpoint, RuleReference: start },
    'StartEndpoint or StartRule',
  );
  for (const [name, rule] of Object.entries(rules)) {
    for (const branch of branchesOf(rule)) {
      checkTarget(read, `Rules.${name}`, branch, 'EndpointReference or RuleReference');
      if (rule.RuleType === 'multivalue' && branch.RuleReference !== undefined)
        throw new DocumentError(`Rules.${name}: the items of a multivalue rule are endpoints, not rules`);
    }
  }
  if (start === undefined) return;
  const levels = new Map<string, number>();
  if (levelOf(rules, start, levels, new Set()) >= ALIAS_DEPTH_MAX)
    throw new DocumentError(`Rules: at most ${ALIAS_DEPTH_MAX - 1} rules may follow each other`);
}

/** One of the two is given, and is there. */
function checkTarget(
  { Endpoints, Rules = {} }: Document,
  where: string,
  branch: Branch,
  which: string,
): void {
  const { EndpointReference: endpoint, RuleReference: rule } = branch;
  if ((endpoint === undefined) === (rule === undefined))
    throw new DocumentError(`${where}: write either ${which}, one of the two`);
  if (endpoint !== undefined && !Object.hasOwn(Endpoints, endpoint))
    throw new DocumentError(`${where}: there is no endpoint '${endpoint}' in Endpoints`);
  if (rule !== undefined && !Object.hasOwn(Rules, rule))
    throw new DocumentError(`${where}: there is no rule '${rule}' in Rules`);
}

/**
 * How many rules follow each other from this one on. Throws DocumentError where they lead in a circle.
 *
 * @param levels of rules that were looked at
 * @param above the rules that have led here
 */
function levelOf(
  rules: Readonly<Record<string, Rule>>,
  name: string,
  levels: Map<string, number>,
  above: Set<string>,
): number {
  const known = levels.get(name);
  if (known !== undefined) return known;
  if (above.has(name)) throw new DocumentError(`Rules.${name}: rules lead from it back to it`);
  if (above.size >= ALIAS_DEPTH_MAX) return ALIAS_DEPTH_MAX;
  above.add(name);
  let deepest = 0;
  for (const { RuleReference: next } of branchesOf(rules[name]!))
    if (next !== undefined) deepest = Math.max(deepest, 1 + levelOf(rules, next, levels, above));
  above.delete(name);
  levels.set(name, deepest);
  return deepest;
}

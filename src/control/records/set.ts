import { TTL_MAX, TYPE } from '../../wire/constants.ts';
import { fold, isAtOrBelow, type Name } from '../../wire/name.ts';
import { octetsKey } from '../../wire/octets.ts';
import { canonicalRdata, typeFromText, typeToText } from '../../wire/rdata/table.ts';
import type { Content, Policy, RecordSet } from '../../zone/recordset.ts';
import { type AliasTargetInput, changeText, type Reading, type RecordSetInput } from './input.ts';
import { nameFromRoute53, nameToRoute53 } from './names.ts';
import { readPolicy } from './policy.ts';
import { constraint, FatalProblem, hasLength, inRange } from './problem.ts';
import { rdataFromValue, SET_TYPES, VALUE_CHARS_MAX } from './values.ts';

/** A record set as far as it could be read: what is undefined was reported, but for identifier and health check. */
export interface Draft {
  readonly name: Name | undefined;
  readonly type: number | undefined;
  readonly setIdentifier: string | undefined;
  readonly policy: Policy | undefined;
  readonly health: number | undefined;
  readonly content: Content | undefined;
}

/** The set that a draft became, or undefined where a part of it is missing. */
export function asRecordSet({ name, type, policy, content, ...rest }: Draft): RecordSet | undefined {
  if (name === undefined || type === undefined || policy === undefined || content === undefined)
    return undefined;
  return { name, type, policy, content, ...rest };
}

const VALUES_MAX = 400;
const HEALTH_CHECK_ID_MAX = 64;

/** Reads one set and reports all that is wrong with it alone; `rules.ts` looks at all sets of a zone together. */
export function readRecordSet(reading: Reading, input: RecordSetInput): Draft {
  const name = readName(reading, input);
  const type = readType(reading, input.type);
  const policy = readPolicy(reading, input);
  if (type !== undefined && policy !== undefined) checkRouted(reading, input, type, policy);
  return {
    name,
    type,
    setIdentifier: input.setIdentifier,
    policy,
    health: readHealth(reading, input.healthCheckId),
    content: readContent(reading, input, type),
  };
}

function readName({ report, zone }: Reading, input: RecordSetInput): Name | undefined {
  const name = readAnyName(input.name, (problem) =>
    report('InvalidChangeBatch', ['name'], problem.message, problem.remedy),
  );
  if (name === undefined || isAtOrBelow(name, zone.name)) return name;
  const [shown, zoneName] = [nameToRoute53(name), nameToRoute53(zone.name)];
  report(
    'InvalidChangeBatch',
    ['name'],
    `RRSet with DNS name ${shown} is not permitted in zone ${zoneName}`,
    `write a name that ends in ${zoneName}`,
  );
  return undefined;
}

/** Folded. */
function readAnyName(text: string, onProblem: (problem: FatalProblem) => void): Name | undefined {
  try {
    return fold(nameFromRoute53(text));
  } catch (error) {
    if (!(error instanceof FatalProblem)) throw error;
    onProblem(error);
    return undefined;
  }
}

function readType({ report }: Reading, text: string): number | undefined {
  const type = typeFromText(text);
  if (type !== undefined && text === typeToText(type) && SET_TYPES.includes(type)) return type;
  const known = SET_TYPES.map(typeToText).join(', ');
  report(
    'InvalidInput',
    ['type'],
    `Invalid XML ; cvc-enumeration-valid: Value '${text}' is not facet-valid with respect to enumeration '[${known}]'. It must be a value from the enumeration.`,
    'write one of these types; others go into a zone file',
  );
  return undefined;
}

/** What a policy takes of types and contents (Route 53 API reference, ResourceRecordSet). */
function checkRouted(reading: Reading, input: RecordSetInput, type: number, policy: Policy): void {
  const refuse = (reason: string, remedy: string): void =>
    reading.report(
      'InvalidChangeBatch',
      ['type'],
      `RRSet with DNS name ${input.name}, type ${input.type}, SetIdentifier ${input.setIdentifier} cannot be created as ${reason}.`,
      remedy,
    );
  if (policy.kind === 'simple') return;
  if (type === TYPE.NS || type === TYPE.SOA || type === TYPE.DS)
    refuse('sets of this type must have the simple routing policy', 'leave the policy and setIdentifier out');
  if (policy.kind !== 'multivalue') return;
  if (type === TYPE.CNAME) refuse('multivalue answer sets must not be of type CNAME', 'take weight instead');
  if (input.aliasTarget !== undefined)
    refuse('multivalue answer sets must not be aliases', 'write values, or take weight instead');
}

function readHealth({ report, resources }: Reading, id: string | undefined): number | undefined {
  if (id === undefined || !hasLength(report, ['healthCheckId'], id, 0, HEALTH_CHECK_ID_MAX)) return undefined;
  const slot = resources.healthCheck(id);
  if (slot === undefined)
    report(
      'NoSuchHealthCheck',
      ['healthCheckId'],
      `A health check with id ${id} does not exist.`,
      'declare it, or name another',
    );
  return slot;
}

/** Either an alias or TTL and values. */
function readContent(reading: Reading, input: RecordSetInput, type: number | undefined): Content | undefined {
  const { ttl, values, aliasTarget } = input;
  const isAlias = aliasTarget !== undefined;
  const hasBoth = isAlias && (ttl !== undefined || values !== undefined);
  if (hasBoth || (!isAlias && (ttl === undefined || values === undefined))) {
    reading.report(
      'InvalidInput',
      [],
      `Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found ${
        hasBoth ? 'more than one' : 'none'
      } in ${changeText(reading, input)}`,
      hasBoth
        ? 'an alias has the TTL and values of its target: leave ttl and values out'
        : 'add values, or an aliasTarget',
    );
    return undefined;
  }
  return isAlias ? readAlias(reading, aliasTarget, type) : readRecords(reading, ttl!, values!, type);
}

function readAlias(reading: Reading, alias: AliasTargetInput, type: number | undefined): Content | undefined {
  const { report, zone } = reading;
  const { dnsName, hostedZoneId, evaluateTargetHealth } = alias;
  const field = ['aliasTarget', 'dnsName'];
  const target = readAnyName(dnsName, (problem) =>
    report('InvalidChangeBatch', field, problem.message, problem.remedy),
  );
  if (target === undefined || type === undefined) return undefined;
  if (type === TYPE.NS || type === TYPE.SOA) {
    report(
      'InvalidChangeBatch',
      ['type'],
      `RRSet of type ${typeToText(type)} with DNS name ${nameToRoute53(target)} is not permitted as an alias target`,
      'no alias is of type NS or SOA; write the values',
    );
    return undefined;
  }
  const isInside = isAtOrBelow(target, zone.name);
  if (hostedZoneId === zone.id && !isInside) {
    report(
      'InvalidChangeBatch',
      field,
      `Tried to create an alias that targets ${nameToRoute53(target)}, type ${typeToText(type)} in zone ${zone.id}, but the alias target name does not lie within the target zone`,
      `write a name that ends in ${nameToRoute53(zone.name)}, or another hostedZoneId`,
    );
    return undefined;
  }
  const isOwn = hostedZoneId === undefined ? isInside : hostedZoneId === zone.id;
  return { kind: 'alias', target, where: isOwn ? 'zone' : 'outside', evaluateTargetHealth };
}

function readRecords(
  reading: Reading,
  ttl: number,
  values: readonly string[],
  type: number | undefined,
): Content | undefined {
  const { report } = reading;
  let isRight = inRange(report, ['ttl'], ttl, 0, TTL_MAX, `write 0 to ${TTL_MAX} seconds`);
  if (values.length === 0) {
    const must = 'have length greater than or equal to 1';
    constraint(report, ['values'], '[]', must, 'write one value or more');
    isRight = false;
  }
  const most = type === TYPE.CNAME || type === TYPE.SOA ? 1 : VALUES_MAX;
  if (values.length > most) {
    report(
      'InvalidChangeBatch',
      ['values'],
      `Number of records limit of ${most} exceeded.`,
      most === 1 ? `a set of type ${typeToText(type!)} has one value` : 'make it several sets',
    );
    return undefined;
  }
  if (type === undefined) return undefined;
  const rdatas = readValues(reading, type, values);
  return isRight && rdatas.length === values.length ? { kind: 'records', ttl, rdatas } : undefined;
}

/** The rdatas of the values that are right, each once. */
function readValues({ report }: Reading, type: number, values: readonly string[]): Uint8Array[] {
  const seen = new Set<string>();
  const rdatas: Uint8Array[] = [];
  values.forEach((value, i) => {
    const field = ['values', i];
    if (!hasLength(report, field, value, 0, VALUE_CHARS_MAX)) return;
    const rdata = readValue(type, value, (problem) =>
      report('InvalidChangeBatch', field, `Invalid Resource Record: '${problem.message}'`, problem.remedy),
    );
    if (rdata === undefined) return;
    const key = octetsKey(canonicalRdata(type, rdata));
    if (seen.has(key)) {
      report('InvalidChangeBatch', field, `Duplicate Resource Record: '${value}'`, 'leave one of them out');
      return;
    }
    seen.add(key);
    rdatas.push(rdata);
  });
  return rdatas;
}

function readValue(
  type: number,
  value: string,
  onProblem: (problem: FatalProblem) => void,
): Uint8Array | undefined {
  try {
    return rdataFromValue(type, value);
  } catch (error) {
    if (!(error instanceof FatalProblem)) throw error;
    onProblem(error);
    return undefined;
  }
}

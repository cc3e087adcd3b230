/** Lines of query logs, of either format, as one shape. */
export interface LoggedQuery {
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly name: string;
  readonly type: string;
  readonly rcode: string;
  readonly transport: string;
  readonly client: string;
  /** The VPC, or the public zone. */
  readonly of: string;
  /** What was answered; none in logs of public zones, which do not say. */
  readonly answers: readonly string[];
  /** ALERT or BLOCK. */
  readonly action: string | undefined;
}

export type LogFormat = 'resolver' | 'public';

/** Undefined for what is no line of the format: half of one, or somebody else's. */
export function readLogLine(format: LogFormat, line: string): LoggedQuery | undefined {
  return format === 'resolver' ? readResolverLine(line) : readPublicLine(line);
}

/** What of a record of Route 53 Resolver is read. */
interface ResolverRecord {
  readonly query_timestamp: string;
  readonly query_name: string;
  readonly query_type: string;
  readonly rcode: string;
  readonly transport: string;
  readonly srcaddr: string;
  readonly vpc_id: string;
  readonly answers: readonly { readonly Rdata: string }[];
  readonly firewall_rule_action?: string;
}

const RESOLVER_TEXTS = [
  'query_timestamp',
  'query_name',
  'query_type',
  'rcode',
  'transport',
  'srcaddr',
  'vpc_id',
] as const satisfies readonly (keyof ResolverRecord)[];

function readResolverLine(line: string): LoggedQuery | undefined {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isResolverRecord(record)) return undefined;
  return {
    time: record.query_timestamp,
    name: record.query_name,
    type: record.query_type,
    rcode: record.rcode,
    transport: record.transport,
    client: record.srcaddr,
    of: record.vpc_id,
    answers: record.answers.map(({ Rdata }) => Rdata),
    action: record.firewall_rule_action,
  };
}

function isResolverRecord(value: unknown): value is ResolverRecord {
  if (!isObject(value)) return false;
  const { answers, firewall_rule_action: action = '' } = value;
  return (
    RESOLVER_TEXTS.every((key) => typeof value[key] === 'string') &&
    Array.isArray(answers) &&
    answers.every((answer) => isObject(answer) && typeof answer['Rdata'] === 'string') &&
    typeof action === 'string'
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const PUBLIC_FIELDS = 10;

function readPublicLine(line: string): LoggedQuery | undefined {
  const fields = line.split(' ');
  if (fields.length !== PUBLIC_FIELDS) return undefined;
  const [, time = '', of = '', name = '', type = '', rcode = '', transport = '', , client = ''] = fields;
  return {
    time,
    name: name === '.' ? name : `${name}.`,
    type,
    rcode,
    transport,
    client,
    of,
    answers: [],
    action: undefined,
  };
}

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

function readResolverLine(line: string): LoggedQuery | undefined {
  let record: ResolverRecord;
  try {
    record = JSON.parse(line) as ResolverRecord;
  } catch {
    return undefined;
  }
  if (typeof record.query_name !== 'string' || !Array.isArray(record.answers)) return undefined;
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

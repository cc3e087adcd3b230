import type { Config } from '../config/load.ts';
import type { Reads } from '../store/store.ts';
import { KIND, type QueryLogBody } from './bodies.ts';
import { allOf, RESOLVER, type Requested } from './resolver.ts';

/** A configuration of Resolver's query logs. */
export interface LogConfigBody extends Requested {
  readonly name: string;
  readonly destination: string;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/** That the queries of a VPC are logged. */
export interface LogAssociationBody {
  readonly config: string;
  readonly vpc: string;
  /** Milliseconds since 1970. */
  readonly created: number;
}

type Log = Config['logs'][number];

/** What logs may be made of: a log group, a bucket with or without a prefix, a delivery stream. */
const ARNS = {
  CloudWatchLogs: /^arn:aws[\w-]*:logs:[\w-]+:\d{12}:log-group:([\w./#-]{1,512})(?::\*)?$/,
  S3: /^arn:aws[\w-]*:s3:::([a-z0-9.-]{3,63})(?:\/.*)?$/,
  KinesisFirehose: /^arn:aws[\w-]*:firehose:[\w-]+:\d{12}:deliverystream\/([\w.-]{1,64})$/,
} as const;

export type DestinationType = keyof typeof ARNS;

/** What the ARN is one of, and what it is called there; undefined for what is no destination of logs. */
export function readDestination(
  arn: string,
): { readonly type: DestinationType; readonly name: string } | undefined {
  for (const [type, pattern] of Object.entries(ARNS) as [DestinationType, RegExp][]) {
    const name = pattern.exec(arn)?.[1];
    if (name !== undefined) return { type, name };
  }
  return undefined;
}

/** The log of the configuration that this destination is: by its whole ARN, or by its name. */
export function logAt({ logs }: Pick<Config, 'logs'>, format: Log['format'], arn: string): Log | undefined {
  const whole = arn.replace(/:\*$/, '');
  const name = readDestination(arn)?.name ?? whole;
  const ofFormat = logs.filter((log) => log.format === format);
  const isAt = (called: string) => (log: Log) => log.destinations.includes(called);
  return ofFormat.find(isAt(whole)) ?? ofFormat.find(isAt(name));
}

/** Whether what is logged may depend on resources of this kind. */
export function isLogKind(kind: string): boolean {
  return kind === RESOLVER.logConfig || kind === RESOLVER.logAssociation || kind === KIND.queryLog;
}

/**
 * The configuration with the VPCs and zones that the API has associated with its logs. Where a destination is no log, or a
 * VPC not known, nothing is logged.
 *
 * @param brought what Profiles associate besides
 */
export function withLogs(
  config: Config,
  state: Reads,
  brought: readonly { readonly config: string; readonly vpc: string }[] = [],
): Config {
  if (config.logs.length === 0) return config;
  const known = new Set(config.vpcs.map(({ id }) => id));
  const vpcs = new Associated();
  const associated = Array.from(
    allOf<LogAssociationBody>(state, RESOLVER.logAssociation),
    ({ body }) => body,
  );
  for (const { config: id, vpc } of [...associated, ...brought]) {
    const made = state.get<LogConfigBody>(RESOLVER.logConfig, id)?.body;
    if (made !== undefined && known.has(vpc)) vpcs.add(logAt(config, 'resolver', made.destination), vpc);
  }
  const zones = new Associated();
  for (const { body } of allOf<QueryLogBody>(state, KIND.queryLog))
    zones.add(logAt(config, 'public', body.arn), body.zone);
  const logs = config.logs.map((log) => ({
    ...log,
    vpcs: vpcs.joined(log, log.vpcs),
    zones: zones.joined(log, log.zones),
  }));
  return { ...config, logs };
}

/** Ids by log. */
class Associated {
  readonly #ids = new Map<Log, Set<string>>();

  add(log: Log | undefined, id: string): void {
    if (log === undefined) return;
    const ids = this.#ids.get(log);
    if (ids === undefined) this.#ids.set(log, new Set([id]));
    else ids.add(id);
  }

  /** Those that are declared, and these. */
  joined(log: Log, declared: readonly string[]): string[] {
    return [...new Set([...declared, ...(this.#ids.get(log) ?? [])])];
  }
}

import { resolve } from 'node:path';
import type { FirewallRule } from '../../policy/firewall.ts';
import { unreachable } from '../../util/assert.ts';
import {
  type Destination,
  type LoggedFirewallRule,
  type LoggedView,
  type LoggedZones,
  NO_QUERY_LOGS,
  type QueryLog,
  type QueryLogs,
  type Traces,
} from '../../view/querylog.ts';
import type { Snapshot, ViewData, ZoneData } from '../../view/snapshot.ts';
import { RCODE } from '../../wire/constants.ts';
import type { Config } from '../config/load.ts';
import { sameSettings } from './diffsettings.ts';

type Parts = Pick<Snapshot, 'revision' | 'views' | 'zones' | 'endpoints'>;

/** What is logged in a snapshot: as it was `before` where nothing of it changed, with its revision. */
export function compileLogs(config: Config, parts: Parts, before: QueryLogs = NO_QUERY_LOGS): QueryLogs {
  const traces = tracesOf(config);
  const isNothing = config.logs.length === 0 && traces === undefined;
  if (isNothing && before.logs.length === 0 && before.traces === undefined) return before;
  const logs: QueryLogs = {
    revision: parts.revision,
    logs: config.logs.map((log) => asLog(log, config)),
    views: parts.views.map((view) => loggedView(config, view, parts.zones)),
    endpoints: parts.endpoints.map(({ id }) => id),
    node: config.node.name,
    traces,
  };
  return sameSettings({ ...logs, revision: 0 }, { ...before, revision: 0 }) ? before : logs;
}

function asLog(log: Config['logs'][number], config: Config): QueryLog {
  const { id, format, sample, hits, names, rcodes, firewallActions, rotate } = log;
  return {
    id,
    format,
    to: destinationOf(log, config),
    sample,
    hits: hits ?? format !== 'resolver',
    names,
    rcodes: rcodes.map((name) => RCODE[name]),
    firewallActions,
    rotate: { bytes: rotate.size, keep: rotate.keep, compress: rotate.compress },
  };
}

function tracesOf({ traces, folder }: Config): Traces | undefined {
  if (traces === undefined) return undefined;
  const { to, sample, authorization } = traces;
  return {
    to: { kind: 'http', url: to, authorization: authorization && resolve(folder, authorization) },
    sample,
  };
}

function destinationOf(
  { to, syslog, http }: Config['logs'][number],
  { folder, stateFolder }: Config,
): Destination {
  switch (to.kind) {
    case 'file':
      return { ...to, path: logPath(to.path, stateFolder) };
    case 'syslog':
      return { ...to, facility: syslog.facility };
    case 'http':
      return { ...to, authorization: http.authorization && resolve(folder, http.authorization) };
    case 'stdout':
    case 'dnstap':
      return to;
    default:
      return unreachable(to);
  }
}

/** The file of a log, absolute. */
export function logPath(path: string, stateFolder: string): string {
  return resolve(stateFolder, path);
}

function loggedView(
  { logs, vpcs, accounts, node }: Config,
  view: ViewData,
  zones: readonly ZoneData[],
): LoggedView {
  const vpc = vpcs.find(({ id }) => id === view.vpc);
  return {
    vpc: vpc?.id ?? '',
    account: vpc?.account ?? accounts[0]!.id,
    region: vpc?.region ?? node.region,
    logs: indexesOf(logs, (log) => log.vpcs.includes(view.vpc)),
    zones: view.serves === 'authority' ? loggedZones(logs, view, zones) : undefined,
    firewallRules: (view.firewall?.rules ?? []).map(loggedRule),
  };
}

function loggedRule({ group, list, action }: FirewallRule): LoggedFirewallRule | undefined {
  switch (action.kind) {
    case 'allow':
      return undefined;
    case 'alert':
      return { group, list, action: 'ALERT' };
    case 'block':
      return { group, list, action: 'BLOCK' };
    default:
      return unreachable(action);
  }
}

function loggedZones(
  logs: Config['logs'],
  view: ViewData,
  zones: readonly ZoneData[],
): LoggedZones | undefined {
  const groups = view.groups.map((group) => {
    const candidate = group.find(({ kind }) => kind === 'zone');
    if (candidate?.kind !== 'zone') return undefined;
    const { id } = zones[candidate.zone]!;
    return { id, logs: indexesOf(logs, (log) => log.zones.includes(id)) };
  });
  return groups.some((zone) => zone !== undefined && zone.logs.length > 0)
    ? { table: view.table, groups }
    : undefined;
}

function indexesOf(logs: Config['logs'], suits: (log: Config['logs'][number]) => boolean): number[] {
  return logs.flatMap((log, index) => (suits(log) ? index : []));
}

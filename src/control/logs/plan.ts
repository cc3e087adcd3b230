import type { QueryRecord } from '../../telemetry/queryrecord.ts';
import { NO_FIREWALL_RULE } from '../../telemetry/queryrecord.ts';
import type { LoggedFirewallRule, LoggedView, LoggedZone, QueryLog, QueryLogs } from '../../view/querylog.ts';
import type { Message } from '../../wire/message.ts';
import { isAtOrBelow, type Name } from '../../wire/name.ts';
import { NameTable, Suffixes } from '../../zone/nametable.ts';

/** Draws are below this. */
const DRAWS = 2 ** 32;

/** Whose an answered query was. */
export interface Owner {
  readonly view: LoggedView;
  /** Of an authoritative endpoint: the zone of the name. */
  readonly zone: LoggedZone | undefined;
  readonly endpoint: string;
  readonly firewallRule: LoggedFirewallRule | undefined;
}

/** QueryLogs, ready to be asked. */
export class Plan {
  readonly logs: QueryLogs;
  readonly #tables: readonly (NameTable | undefined)[];

  constructor(logs: QueryLogs) {
    this.logs = logs;
    this.#tables = logs.views.map(({ zones }) => zones && NameTable.from(zones.table));
  }

  /** Undefined where no log wants queries of its view, or of its zone. */
  ownerOf(record: QueryRecord, qname: Name): Owner | undefined {
    const { views, endpoints } = this.logs;
    const view = views[record.view];
    if (view === undefined) return undefined;
    const zone = this.#zoneOf(record.view, qname);
    if (view.logs.length === 0 && zone === undefined) return undefined;
    const { firewallRule } = record;
    return {
      view,
      zone,
      endpoint: endpoints[record.endpoint] ?? '',
      firewallRule: firewallRule === NO_FIREWALL_RULE ? undefined : view.firewallRules[firewallRule],
    };
  }

  /** The logs that take a record of this owner. */
  *logsOf(owner: Owner, record: QueryRecord, qname: Name): Generator<QueryLog, void> {
    for (const index of [...owner.view.logs, ...(owner.zone?.logs ?? [])]) {
      const log = this.logs.logs[index]!;
      if (takes(log, owner, record, qname)) yield log;
    }
  }

  /** The longest zone of the endpoint that the name is in. */
  #zoneOf(view: number, qname: Name): LoggedZone | undefined {
    const table = this.#tables[view];
    if (table === undefined) return undefined;
    const { groups } = this.logs.views[view]!.zones!;
    const count = table.lookupSuffixes(qname, suffixes);
    for (let i = 0; i < count; i++) {
      const zone = groups[suffixes.values[i]!];
      if (zone !== undefined) return zone;
    }
    return undefined;
  }
}

const suffixes = new Suffixes();

function takes(log: QueryLog, { firewallRule }: Owner, record: QueryRecord, qname: Name): boolean {
  const { hits, sample, rcodes, names, firewallActions: actions } = log;
  if (record.from === 'cache' && !hits) return false;
  if (record.draw >= sample * DRAWS) return false;
  if (rcodes.length > 0 && !rcodes.includes(record.rcode)) return false;
  if (actions.length > 0 && !actions.some((action) => action === firewallRule?.action)) return false;
  return names.length === 0 || names.some((name) => isAtOrBelow(qname, name));
}

/** What a line is made of. */
export interface Logged {
  readonly record: QueryRecord;
  /** As it was sent. */
  readonly message: Message;
  readonly owner: Owner;
  readonly node: string;
}

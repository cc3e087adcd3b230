import { isoFromWall } from '../../telemetry/text.ts';
import { unreachable } from '../../util/assert.ts';
import { addressToText } from '../../util/cidr.ts';
import type { LogFormat } from '../../view/querylog.ts';
import { CLASS, OPTION, rcodeToText } from '../../wire/constants.ts';
import { findOption, readClientSubnet } from '../../wire/edns.ts';
import type { Message } from '../../wire/message.ts';
import { nameToText } from '../../wire/name.ts';
import { rdataToText, typeToText } from '../../wire/rdata/table.ts';
import type { Question, Rr } from '../../wire/record.ts';
import type { Logged } from './plan.ts';

/** A logged query as a line of the log's format, with its line feed. */
export function lineOf(format: LogFormat, logged: Logged, question: Question): string {
  switch (format) {
    case 'resolver':
      return resolverLine(logged, question);
    case 'public':
      return publicLine(logged, question);
    case 'dnstap':
      throw new Error('dnstap has no lines: the check of the configuration lets it go to sockets only');
    default:
      return unreachable(format);
  }
}

/** Of the schema of Route 53 Resolver's query logs. */
const RESOLVER_VERSION = '1.100000';
const PUBLIC_VERSION = '1.0';

/** What Route 53 Resolver writes: members, and their order, are its own. */
function resolverLine({ record, message, owner }: Logged, question: Question): string {
  const { view, firewallRule } = owner;
  return `${JSON.stringify({
    version: RESOLVER_VERSION,
    account_id: view.account,
    region: view.region,
    vpc_id: view.vpc,
    query_timestamp: isoFromWall(record.wall).replace(/\.\d+Z$/, 'Z'),
    query_name: nameToText(question.name),
    query_type: typeToText(question.type),
    query_class: classToText(question.class),
    rcode: rcodeToText(record.rcode),
    answers: message.answer.map(answerOf),
    srcaddr: addressToText(record.address),
    srcport: String(record.port),
    transport: record.transport.toUpperCase(),
    srcids: { resolver_endpoint: owner.endpoint },
    // Of what was allowed Route 53 says nothing.
    ...(firewallRule === undefined
      ? {}
      : {
          firewall_rule_group_id: firewallRule.group,
          firewall_rule_action: firewallRule.action,
          firewall_domain_list_id: firewallRule.list,
        }),
  })}\n`;
}

function answerOf({ type, class: klass, rdata }: Rr): { Rdata: string; Type: string; Class: string } {
  return { Rdata: rdataToText(type, rdata), Type: typeToText(type), Class: classToText(klass) };
}

/** What Route 53 writes of queries for a public zone: version, time, zone, name, type, rcode, transport, edge, asker, subnet. */
function publicLine({ record, message, owner, node }: Logged, question: Question): string {
  const name = nameToText(question.name);
  return `${[
    PUBLIC_VERSION,
    isoFromWall(record.wall),
    owner.zone!.id,
    name === '.' ? name : name.replace(/\.$/, ''),
    typeToText(question.type),
    rcodeToText(record.rcode),
    record.transport.toUpperCase(),
    node,
    addressToText(record.address),
    subnetOf(message) ?? '-',
  ].join(' ')}\n`;
}

/** The client subnet as it was told and came back: that of the question is not there any more. */
function subnetOf({ edns }: Message): string | undefined {
  const option = findOption(edns, OPTION.ECS);
  if (option === undefined) return undefined;
  const { family, address, sourcePrefix } = readClientSubnet(option);
  return family === 0 ? undefined : `${addressToText(address)}/${sourcePrefix}`;
}

function classToText(klass: number): string {
  return klass === CLASS.IN ? 'IN' : `CLASS${klass}`;
}

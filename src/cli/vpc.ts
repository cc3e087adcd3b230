import type { VpcListing } from '../view/report.ts';
import { type CliError, type Command, DAEMON_OPTIONS, type Input, type Io, usageError } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { cell, json, table } from './output.ts';

export const command: Command = {
  name: 'vpc',
  usage: 'create --id ID [--cidr BLOCK]... [--region REGION] [--account ID] | list | delete ID',
  summary:
    'Makes, lists and deletes VPCs that the configuration does not have. `create` on one that is there gives it these\nblocks and this region in place of its own. What is associated with a VPC that is deleted is not deleted: it is in\nforce again when the VPC is there again.',
  options: {
    ...DAEMON_OPTIONS,
    id: { type: 'string', value: 'ID', help: 'the VPC to make' },
    cidr: { type: 'string', value: 'BLOCK', multiple: true, help: 'addresses of its clients' },
    region: { type: 'string', value: 'REGION', help: 'its region, by default that of the node' },
    account: { type: 'string', value: 'ID', help: 'whose it is, by default the first account' },
  },
  examples: [
    'causeway vpc create --id vpc-0a1b2c3d --cidr 10.40.0.0/16 --region eu-west-1',
    'causeway vpc list',
    'causeway vpc delete vpc-0a1b2c3d',
  ],
  async run(input, io) {
    const [action, id, ...rest] = input.positionals;
    if (rest.length > 0 || (id !== undefined) !== (action === 'delete')) throw wrongAction();
    const socket = socketOf(input, io.cwd);
    switch (action) {
      case 'create': {
        const made = await ask<{ vpc: VpcListing }>(socket, 'POST', '/vpcs', requestOf(input));
        io.out(input.flag('json') ? json(made.vpc) : listText([made.vpc], io));
        return 0;
      }
      case 'list': {
        const { vpcs } = await ask<{ vpcs: readonly VpcListing[] }>(socket, 'GET', '/vpcs');
        io.out(input.flag('json') ? json({ vpcs }) : listText(vpcs, io));
        return 0;
      }
      case 'delete':
        await ask(socket, 'POST', '/vpcs/delete', { id });
        io.out(input.flag('json') ? json({ deleted: id }) : `${cell(id!).text} is deleted\n`);
        return 0;
      default:
        throw wrongAction();
    }
  },
};

function wrongAction(): CliError {
  return usageError('vpc', 'say `create --id ID`, `list` or `delete ID`');
}

/** The daemon checks the rest. */
function requestOf(input: Input): object {
  const id = input.text('id');
  if (id === undefined) throw usageError('vpc', 'say which VPC: --id vpc-0a1b2c3d');
  const [region, account] = [input.text('region'), input.text('account')];
  return {
    id,
    cidrs: input.texts('cidr'),
    ...(region === undefined ? {} : { region }),
    ...(account === undefined ? {} : { account }),
  };
}

function listText(vpcs: readonly VpcListing[], { colour }: Pick<Io, 'colour'>): string {
  if (vpcs.length === 0) return 'no VPC\n';
  const rows = vpcs.map(({ id, region, account, cidrs, from }) => [
    cell(id),
    cell(region),
    cell(account),
    cell(from),
    cell(cidrs.join(', ') || '-'),
  ]);
  return table(['VPC', 'REGION', 'ACCOUNT', 'FROM', 'BLOCKS'], rows, colour);
}

import type { AccessKey, ShownKey } from '../control/api/keys.ts';
import { CliError, type Command, DAEMON_OPTIONS, type Input, type Io, usageError } from './command.ts';
import { ask, findConfig, NoDaemonError, socketOf } from './daemon.ts';
import { cell, json, table } from './output.ts';

export const command: Command = {
  name: 'keys',
  usage: 'create --scope SCOPE [--zone ID]... [--account ID] | list | delete ID',
  summary:
    'Makes, lists and deletes the access keys that clients of the APIs sign with. A secret is shown once, when its key\nis made. Where no daemon runs, the keys in its state folder are changed.',
  options: {
    ...DAEMON_OPTIONS,
    scope: { type: 'string', value: 'SCOPE', help: 'what it may do: read, zones or admin' },
    zone: { type: 'string', value: 'ID', multiple: true, help: 'a hosted zone whose records it may change' },
    account: { type: 'string', value: 'ID', help: 'whose key it is, by default the first account' },
  },
  examples: [
    'causeway keys create --scope admin --json',
    'causeway keys create --scope zones --zone Z0123456789ABCDEFGHIJ',
    'causeway keys delete CWAKABCDEFGHIJKLMNOP',
  ],
  async run(input, io) {
    const [action, id, ...rest] = input.positionals;
    if (rest.length > 0 || (id !== undefined) !== (action === 'delete')) throw wrongAction();
    switch (action) {
      case 'create':
        io.out(createdText(await ofDaemon<AccessKey>('create', '/keys', requestOf(input), input, io), input));
        return 0;
      case 'list': {
        const { keys } = await ofDaemon<{ keys: readonly ShownKey[] }>('list', '/keys', undefined, input, io);
        io.out(input.flag('json') ? json({ keys }) : listText(keys, io));
        return 0;
      }
      case 'delete':
        await ofDaemon('delete', '/keys/delete', { accessKeyId: id }, input, io);
        io.out(input.flag('json') ? json({ deleted: id }) : `${cell(id!).text} is deleted\n`);
        return 0;
      default:
        throw wrongAction();
    }
  },
};

function wrongAction(): CliError {
  return usageError('keys', 'say `create`, `list` or `delete ID`');
}

/** The daemon checks the rest. */
function requestOf(input: Input): object {
  const scope = input.text('scope');
  if (scope === undefined) throw usageError('keys', 'say what the key may do: --scope read, zones or admin');
  const account = input.text('account');
  return { scope, zones: input.texts('zone'), ...(account === undefined ? {} : { account }) };
}

/** Asks the daemon, or does its work where it does not run. */
async function ofDaemon<T>(
  action: 'create' | 'list' | 'delete',
  path: string,
  body: object | undefined,
  input: Input,
  { cwd }: Io,
): Promise<T> {
  try {
    return await ask<T>(socketOf(input, cwd), body === undefined ? 'GET' : 'POST', path, body);
  } catch (error) {
    if (!(error instanceof NoDaemonError) || input.text('socket') !== undefined) throw error;
  }
  const { offlineKeys } = await import('../control/api/offline.ts');
  try {
    return offlineKeys(findConfig(input.text('config'), cwd))[action](body) as T;
  } catch (error) {
    const { message, remedy = 'see `causeway check`' } = error as Error & { remedy?: string };
    throw new CliError(message, remedy);
  }
}

function createdText(key: AccessKey, input: Input): string {
  if (input.flag('json')) return json(key);
  const { accessKeyId, secretAccessKey } = key;
  return `AWS_ACCESS_KEY_ID=${cell(accessKeyId).text}\nAWS_SECRET_ACCESS_KEY=${cell(secretAccessKey).text}\n`;
}

function listText(keys: readonly ShownKey[], { colour }: Pick<Io, 'colour'>): string {
  if (keys.length === 0) return 'no access key\n';
  const rows = keys.map(({ accessKeyId, account, scope, zones, created }) => [
    cell(accessKeyId),
    cell(account),
    cell(scope === 'zones' ? zones.join(', ') : scope),
    cell(created),
  ]);
  return table(['ACCESS KEY', 'ACCOUNT', 'SCOPE', 'CREATED'], rows, colour);
}

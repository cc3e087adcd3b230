import * as z from 'zod';
import { HttpFault, type Routes, readBody } from '../http.ts';
import type { ApiDesk } from './desk.ts';
import { type AccessKey, type KeyRequest, type Keys, KeysError, keyRequest, type ShownKey } from './keys.ts';

/** Which key goes. */
export const keyDeletion = z.strictObject({ accessKeyId: z.string() });

/** Access keys, for the operator. */
export function keyRoutes(desk: Pick<ApiDesk, 'keys' | 'accounts'>): Routes {
  return {
    'GET /keys': () => ({ keys: orFault(() => known(desk).list()) }),
    'POST /keys': ({ body }) =>
      orFault(() => createKey(known(desk), desk.accounts, readBody(keyRequest, body))),
    'POST /keys/delete': ({ body }) => {
      const { accessKeyId } = readBody(keyDeletion, body);
      return orFault(() => deleteKey(known(desk), accessKeyId));
    },
  };
}

function known({ keys }: Pick<ApiDesk, 'keys'>): Keys {
  if (keys === undefined)
    throw new HttpFault(503, 'no configuration is in force yet', 'try again in a moment');
  return keys;
}

/** A key for an account of the configuration, by default its first. Throws HttpFault, KeysError. */
export function createKey(
  keys: Keys,
  accounts: readonly { readonly id: string }[],
  request: KeyRequest,
): AccessKey {
  const ids = accounts.map(({ id }) => id);
  const { account = ids[0]! } = request;
  if (!ids.includes(account))
    throw new HttpFault(
      404,
      `no account ${account}`,
      `known are ${ids.join(', ')}; see accounts in the configuration`,
    );
  return keys.create(request, account);
}

/** Throws HttpFault, KeysError. */
export function deleteKey(keys: Keys, accessKeyId: string): { deleted: ShownKey['accessKeyId'] } {
  if (!keys.delete(accessKeyId))
    throw new HttpFault(404, `no access key ${JSON.stringify(accessKeyId)}`, 'see `causeway keys list`');
  return { deleted: accessKeyId };
}

function orFault<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof KeysError)) throw error;
    throw new HttpFault(500, error.message, 'see the file, or remove it and make new keys');
  }
}

import * as z from 'zod';
import { type Routes, readBody } from '../http.ts';
import type { StoreDesk } from './desk.ts';

const backupBody = z.strictObject({ file: z.string() });

/** Of the control socket. */
export function storeRoutes(desk: Pick<StoreDesk, 'audit' | 'backup'>): Routes {
  return {
    'GET /audit': ({ query }) =>
      desk.audit({
        since: query.get('since') ?? undefined,
        account: query.get('account') ?? undefined,
        accessKey: query.get('access-key') ?? undefined,
        operation: query.get('operation') ?? undefined,
        limit: query.get('limit') ?? undefined,
      }),
    'POST /store/backup': ({ body }) => desk.backup(readBody(backupBody, body).file),
  };
}

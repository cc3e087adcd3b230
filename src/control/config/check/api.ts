import { parseAddress } from '../../../util/cidr.ts';
import { type CheckContext, Once } from './context.ts';

/** Accounts are told apart by their ids; the API is best not heard by others. */
export function checkApi(context: CheckContext): void {
  const ids = new Once();
  context.draft.accounts?.forEach((account, i) => {
    const first = account?.id && ids.add(account.id, ['accounts', i, 'id']);
    if (first)
      context.error(
        ['accounts', i, 'id'],
        `account ${account.id} stands at ${first} already`,
        'leave it out',
      );
  });
  const address = context.draft.api?.listen?.address;
  if (address === undefined || isLoopback(parseAddress(address)) || context.has(['api', 'tls'])) return;
  context.warn(
    ['api', 'listen'],
    `${address} is not a loopback address, and requests to it are not encrypted`,
    'give it a certificate by api.tls, or write 127.0.0.1 or [::1] and put a server before it that ends TLS',
  );
}

function isLoopback(address: Uint8Array): boolean {
  if (address.length === 4) return address[0] === 127;
  return address.every((octet, i) => octet === (i === 15 ? 1 : 0));
}

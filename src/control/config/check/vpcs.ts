import { cidrToText } from '../../../util/cidr.ts';
import { BY_SOURCE } from '../endpoints.ts';
import type { Path } from '../problem.ts';
import { type CheckContext, Once } from './context.ts';

export function checkVpcs(context: CheckContext): void {
  const ids = new Once();
  const blocks = new Once();
  context.draft.vpcs?.forEach((vpc, i) => {
    if (vpc === undefined) return;
    const path: Path = ['vpcs', i];
    checkId(context, ids, vpc.id, [...path, 'id']);
    checkAccount(context, vpc.account, [...path, 'account']);
    vpc.cidrs?.forEach((cidr, j) => {
      const at: Path = [...path, 'cidrs', j];
      const first = cidr && blocks.add(cidrToText(cidr), at);
      if (cidr && first)
        context.error(
          at,
          `${cidrToText(cidr)} stands at ${first} already`,
          'a client is in one VPC only: leave it out, or write longer prefixes',
        );
    });
  });
}

function checkAccount(context: CheckContext, account: string | undefined, path: Path): void {
  const known = context.draft.accounts?.map((each) => each?.id);
  // One that could not be read may be the one that is meant.
  if (account === undefined || known === undefined || known.includes(undefined)) return;
  if (known.includes(account)) return;
  const ids = known.flatMap((id) => id ?? []);
  context.unknown(path, `no account has the id "${account}"`, account, ids);
}

function checkId(context: CheckContext, ids: Once, id: string | undefined, path: Path): void {
  if (id === undefined) return;
  const first = ids.add(id, path);
  if (first) context.error(path, `id "${id}" is taken by ${first}`, 'give each VPC an id of its own');
  if (id === BY_SOURCE)
    context.error(path, `"${id}" has a meaning for inbound endpoints`, 'write another id');
}

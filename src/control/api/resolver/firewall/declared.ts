import type { DomainList } from '../../../firewall/policy.ts';

/** Who has made what the configuration declares, in the place of a service of AWS. */
export const DECLARED_OWNER = 'Causeway configuration';

/**
 * The domains of a declared list, in order; undefined where they cannot be had. Lists of a configuration are read once,
 * when somebody asks.
 */
export function declaredDomains(list: DomainList): readonly string[] | undefined {
  let known = read.get(list);
  if (known === undefined && list.domains !== undefined) {
    known = [...list.domains()].sort();
    read.set(list, known);
  }
  return known;
}

const read = new WeakMap<DomainList, readonly string[]>();

import type { Nsec3Hashes } from '../dnssec/nsec3hash.ts';
import type { EdnsOption } from '../wire/edns.ts';
import type { Name } from '../wire/name.ts';
import type { Ede } from '../wire/record.ts';
import type { AskingFailure } from './asking.ts';
import type { Budget } from './budget.ts';
import type { Contact } from './cut.ts';
import type { ForwardFailure } from './forward.ts';
import type { Path } from './path.ts';
import type { Usable } from './scrub.ts';

/** What one client query is about, as far as all that is asked for it shares it. Passed by reference. */
export interface Job {
  readonly path: Path;
  readonly budget: Budget;
  /** NSEC3 hashes made for it: no name is paid for twice. */
  readonly hashes: Nsec3Hashes;
  /** EDNS options that forwarders get. */
  readonly options: readonly EdnsOption[];
}

/** What servers said of one question: scrubbed, not validated. */
export interface Finding {
  readonly kind: 'finding';
  readonly scrubbed: Usable;
  /** The zone whose servers were asked; of a forwarder the rule's domain. */
  readonly zone: Name;
  /** `192.0.2.53:53` */
  readonly upstream: string;
  /** Who said it, so that another may be asked where it turns out to be bogus; of forwarders `upstream` says it. */
  readonly contact: Contact | undefined;
}

/**
 * Why nothing was found. `depth`: sub-queries of sub-queries without end. `cycle`: it is needed for itself. `no-server`:
 * no address of any name server is to be had. `bogus`: validation failed. `spared`: nothing was sent, as all servers
 * failed lately, maybe at other questions.
 */
export type FetchFailure =
  | AskingFailure
  | ForwardFailure
  | 'depth'
  | 'cycle'
  | 'no-server'
  | 'referrals'
  | 'spared'
  | 'bogus';

/** What one query may not do for want of budget or depth, or does already. It says nothing of the servers. */
export type Limit = 'budget' | 'depth' | 'cycle';

export function isLimit(reason: FetchFailure): reason is Limit {
  return reason === 'budget' || reason === 'depth' || reason === 'cycle';
}

export interface Failed {
  readonly kind: 'failure';
  readonly reason: FetchFailure;
  readonly rcode: number;
  readonly ede: Ede;
}

export type Found = Finding | Failed;

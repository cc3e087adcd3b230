/** Resolver's handlers over a store in memory, with a clock that stands still and workers that serve when they are told. */
import type { Call } from '../../../../src/control/api/handler.ts';
import type * as model from '../../../../src/control/api/models/route53resolver.ts';
import { resolverHandlers } from '../../../../src/control/api/resolver/handlers.ts';
import type { Config } from '../../../../src/control/config/load.ts';
import type { FirewallPolicy } from '../../../../src/control/firewall/policy.ts';
import { systemClock } from '../../../../src/util/clock.ts';
import { SeededPrng } from '../../../../src/util/prng.ts';
import { MemoryStore } from '../../../support/memorystore.ts';
import { good } from '../../config/support.ts';

export const OURS = '000000000000';
export const THEIRS = '111122223333';

const CONFIG = `vpcs: [${[1, 2].map((n) => `{ id: vpc-${n}, cidrs: [10.${n}.0.0/16] }`).join()}]
endpoints: { inbound: [{ id: in-1, listen: ["127.0.0.1:5300"] }] }
`;
const NO_FIREWALL: FirewallPolicy = { lists: [], groups: [], associations: [], failOpen: new Set() };

type Operations = model.Operations;
type Input<Name extends keyof Operations> = Operations[Name]['input'];
type Output<Name extends keyof Operations> = Operations[Name]['output'];

type Handler<Name extends keyof Operations> = (call: Call<Input<Name>>) => Promise<Output<Name>>;

export interface TestResolver {
  readonly store: MemoryStore;
  /** Whether workers serve what is stored at once, which they do at first. */
  isServing: boolean;
  call<Name extends keyof Operations>(
    operation: Name,
    input: Input<Name>,
    account?: string,
  ): Promise<Output<Name>>;
}

/** @param over of the configuration */
export function startResolver(
  declared: FirewallPolicy = NO_FIREWALL,
  over: Partial<Config> = {},
): TestResolver {
  const store = new MemoryStore(() => systemClock.wall(), 1000);
  const config = { ...good(CONFIG), firewall: declared, ...over };
  let served = 0;
  let at = Date.UTC(2026, 2, 9);
  const state = { isServing: true };
  const handlers = resolverHandlers({
    store,
    clock: systemClock,
    log: { error: () => undefined },
    prng: new SeededPrng(1),
    served() {
      if (state.isServing) served = store.revision;
      return served;
    },
    config: () => config,
    hostHas: () => true,
  });
  return Object.assign(state, {
    store,
    async call<Name extends keyof Operations>(operation: Name, input: Input<Name>, account = OURS) {
      const handler = handlers[operation] as unknown as Handler<Name>;
      return handler({
        operation,
        input,
        caller: { account, accessKeyId: 'CWAK', scope: 'admin', zones: [] },
        requestId: 'request',
        source: '127.0.0.1',
        at: at++,
        signed: { signature: '', until: 0 },
      });
    },
  });
}

import type { Reads, Resource } from '../../store/store.ts';
import { type ApiError, apiError } from '../errors.ts';
import type { Call, Caller, ResolverHandlers } from '../handler.ts';
import { originOf } from '../route53/means.ts';
import type { ResolverMeans } from './means.ts';
import { DocumentError, readDocument } from './policydocument.ts';
import { policyOf, putPolicy, SHARING, type Shareable } from './sharing.ts';

/** What the services say of a policy, which differs by what it is of. */
interface Words {
  unknown(arn: string): ApiError;
  invalid(message: string): ApiError;
}

const RESOLVER_WORDS: Words = {
  unknown: (arn) => apiError('UnknownResourceException', `The resource '${arn}' does not exist.`),
  invalid: (message) => apiError('InvalidPolicyDocument', message),
};
const FIREWALL_WORDS: Words = {
  unknown: (arn) => apiError('ResourceNotFoundException', `The resource '${arn}' does not exist.`),
  invalid: (message) => apiError('ValidationException', message),
};

/** Policies by which accounts share what is theirs. A policy without a statement takes the one that is there away. */
export function policyHandlers(means: ResolverMeans): ResolverHandlers {
  const rules = new Policies(means, 'resolver-rule', RESOLVER_WORDS);
  const configs = new Policies(means, 'resolver-query-log-config', RESOLVER_WORDS);
  const groups = new Policies(means, 'firewall-rule-group', FIREWALL_WORDS);
  return {
    GetFirewallRuleGroupPolicy: ({ input, caller }) => ({
      FirewallRuleGroupPolicy: groups.get(input.Arn, caller),
    }),
    PutFirewallRuleGroupPolicy: (call) => groups.put(call, call.input.FirewallRuleGroupPolicy),

    GetResolverQueryLogConfigPolicy: ({ input, caller }) => ({
      ResolverQueryLogConfigPolicy: configs.get(input.Arn, caller),
    }),
    PutResolverQueryLogConfigPolicy: (call) => configs.put(call, call.input.ResolverQueryLogConfigPolicy),

    GetResolverRulePolicy: ({ input, caller }) => ({ ResolverRulePolicy: rules.get(input.Arn, caller) }),
    PutResolverRulePolicy: (call) => rules.put(call, call.input.ResolverRulePolicy),
  };
}

/** Those of one kind of resource; for its owner only. */
class Policies {
  readonly #means: ResolverMeans;
  readonly #kind: Shareable;
  readonly #words: Words;

  constructor(means: ResolverMeans, kind: Shareable, words: Words) {
    this.#means = means;
    this.#kind = kind;
    this.#words = words;
  }

  get(arn: string, caller: Caller): string {
    const { store } = this.#means;
    const { id } = this.#own(store, arn, caller);
    const policy = policyOf(store, { kind: this.#kind, id });
    if (policy === undefined) throw this.#words.unknown(arn);
    return policy.body.document;
  }

  async put(call: Call<{ readonly Arn: string }>, document: string): Promise<{ ReturnValue: boolean }> {
    const { Arn: arn } = call.input;
    const kind = this.#kind;
    this.#own(this.#means.store, arn, call.caller);
    const grants = this.#read(document, arn);
    const policy = policyOf(this.#means.store, { kind, id: idIn(arn) });
    if (grants.length === 0 && policy === undefined) return { ReturnValue: true };
    await this.#means.store.apply((state) => {
      const { id, account } = this.#own(state, arn, call.caller);
      return {
        origin: originOf(call, arn),
        items: putPolicy(state, { kind, id }, account, { document, grants }),
      };
    });
    return { ReturnValue: true };
  }

  #read(document: string, arn: string) {
    try {
      return readDocument(document, arn, SHARING[this.#kind].actions);
    } catch (error) {
      if (error instanceof DocumentError) throw this.#words.invalid(error.message);
      throw error;
    }
  }

  /** Throws ApiError, also for what is another's. */
  #own(state: Reads, arn: string, { account }: Caller): Resource {
    const prefix = `arn:aws:route53resolver:${this.#means.config().node.region}:${account}:${this.#kind}/`;
    const resource = arn.startsWith(prefix) ? state.get(this.#kind, arn.slice(prefix.length)) : undefined;
    if (resource?.account !== account) throw this.#words.unknown(arn);
    return resource;
  }
}

function idIn(arn: string): string {
  return arn.slice(arn.indexOf('/') + 1);
}

import type { HintServer, Path } from '../../resolver/path.ts';
import { unreachable } from '../../util/assert.ts';
import type { DelegateRule } from '../../view/snapshot.ts';
import { isAtOrBelow, ROOT } from '../../wire/name.ts';
import type { Config, Rule } from '../config/load.ts';
import {
  type ContextRegistry,
  delegateFingerprint,
  type PathWithoutContext,
  pathFingerprint,
} from './contexts.ts';
import type { Asks } from './owners.ts';

/** Route 53's id of the rule for "." that every VPC has, which a rule of its own goes before. */
export const AUTODEFINED_RECURSION = 'rslvr-autodefined-rr-internet-resolver';

/** Rules by which servers are asked; a SYSTEM rule leads nowhere. */
type AskingType = Exclude<Rule['type'], 'system'>;

/** Where recursion begins and what it trusts. */
export interface Trust {
  readonly servers: readonly HintServer[];
  /** `trustDigest` */
  readonly digest: string;
}

/** The ways out of the rules of one view: one for each rule by which servers are asked. */
export class Paths {
  readonly #list: Path[] = [];
  readonly #config: Config;
  readonly #contexts: ContextRegistry;
  readonly #trust: Trust;
  readonly #sources: ReadonlyMap<string, readonly string[]>;

  constructor(config: Config, contexts: ContextRegistry, trust: Trust) {
    this.#config = config;
    this.#contexts = contexts;
    this.#trust = trust;
    this.#sources = new Map(config.endpoints.outbound.map(({ id, source }) => [id, source]));
  }

  /** Adds the path of a rule as a VPC has it; returns its number. */
  add(type: AskingType, rule: Rule, vpc: Asks, view: number): number {
    const { node, recursion } = this.#config;
    const base = {
      rule: rule.id,
      domain: rule.domain,
      view,
      sources: this.#sourcesOf(rule.outbound),
      serveStale: rule.stale && node.stale.enabled,
      case0x20: rule.case0x20 ?? (type === 'forward' || recursion.case0x20),
      validate: validates(rule, vpc),
    };
    const { targets = [], policy, domain } = rule;
    switch (type) {
      case 'forward':
        return this.#push(vpc, { kind: 'forward', ...base, policy, targets, refersOn: this.#delegates(vpc) });
      case 'recursive':
        return this.#push(vpc, { kind: 'recursive', ...base, ...this.#root() });
      case 'stub': {
        const servers = [{ name: ROOT, addresses: targets }];
        return this.#push(vpc, { kind: 'recursive', ...base, origin: domain, servers, hints: false });
      }
      default:
        return unreachable(type);
    }
  }

  /** Adds the path of recursion in a VPC that has no rule for it; returns its number. */
  addAutodefined(vpc: Asks, view: number): number {
    const { node, recursion } = this.#config;
    return this.#push(vpc, {
      kind: 'recursive',
      rule: AUTODEFINED_RECURSION,
      domain: ROOT,
      view,
      sources: [],
      serveStale: node.stale.enabled,
      case0x20: recursion.case0x20,
      validate: vpc.dnssec !== 'off',
      ...this.#root(),
    });
  }

  /** How a VPC follows the referrals of a DELEGATE rule. */
  delegate({ id, delegationRecord: record, outbound }: Config['delegates'][number], vpc: Asks): DelegateRule {
    const sources = this.#sourcesOf(outbound);
    const context = this.#contexts.of(vpc.id, delegateFingerprint({ record, sources }));
    return { rule: id, record, context, sources, case0x20: this.#config.recursion.case0x20 };
  }

  /** Whether the VPC has DELEGATE rules, by which a forwarder's referral may be followed. */
  #delegates({ id }: Asks): boolean {
    return this.#config.delegates.some(({ vpcs }) => vpcs.includes(id));
  }

  /** Addresses to send from; none: the kernel chooses. */
  #sourcesOf(outbound: string | undefined): readonly string[] {
    return this.#sources.get(outbound ?? '') ?? [];
  }

  #root(): { origin: typeof ROOT; servers: readonly HintServer[]; hints: true } {
    return { origin: ROOT, servers: this.#trust.servers, hints: true };
  }

  /** All of them in the order of their numbers, validating ones and stub zones with the path above them. */
  linked(): readonly Path[] {
    const list = [...this.#list];
    // Shorter domains stand before it, the longest of them last.
    const own = [...list].sort((a, b) => a.domain.length - b.domain.length);
    own.forEach((path, i) => {
      const needsAbove = path.validate || path.kind === 'recursive';
      if (!needsAbove || path.domain.length === 1) return;
      const above = own
        .slice(0, i)
        .findLast(({ domain }) => domain.length < path.domain.length && isAtOrBelow(path.domain, domain));
      if (above === undefined) return;
      // It begins at the root itself, and so does its chain of trust where what is above has none to give.
      if (path.kind === 'recursive' && path.hints && !above.validate) return;
      const linked = { ...path, above };
      own[i] = linked;
      list[list.indexOf(path)] = linked;
    });
    return list;
  }

  #push(vpc: Asks, path: PathWithoutContext): number {
    const context = this.#contexts.of(vpc.id, pathFingerprint(path, this.#trust.digest));
    return this.#list.push({ ...path, context }) - 1;
  }
}

/**
 * Whether answers by a rule are validated in a VPC. A forward rule of a name leads to private name space, which no
 * public chain of trust reaches, so its default is no; that of `.` stands in the place of recursion.
 */
function validates({ type, domain, dnssec }: Rule, vpc: Asks): boolean {
  const isPublic = type === 'recursive' || (type === 'forward' && domain.length === 1);
  switch (vpc.dnssec) {
    case 'off':
      return false;
    case 'route53':
      return type === 'recursive' && dnssec !== 'off';
    case 'validate':
      return dnssec === undefined ? isPublic : dnssec === 'validate';
    default:
      return unreachable(vpc.dnssec);
  }
}

import type { FirewallRule } from '../policy/firewall.ts';
import type { Budget } from '../resolver/budget.ts';
import type { Resolution, ResolveRequest } from '../resolver/resolve.ts';
import type { Dependency } from '../util/deps.ts';
import type { Designation } from '../view/snapshot.ts';
import type { View } from '../view/view.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { fold, type Name, nameEquals, nameToText, ROOT } from '../wire/name.ts';
import { type Answer, emptyAnswer, type Rrset } from '../wire/record.ts';
import { firewallHash } from '../zone/dependency.ts';
import type { ZoneResult } from '../zone/lookup.ts';
import type { Asker } from '../zone/routing/asker.ts';
import type { MadeChoice } from './routing.ts';
import { type Screening, screen } from './screen.ts';
import type { Trace } from './trace.ts';
import type { ViewSettings, World } from './world.ts';

/** Links of a CNAME or DNAME chain that are followed; Unbound's and BIND's limit. */
export const CHAIN_LINKS_MAX = 11;

/** Asks stage 5: the resolver here, or the worker that owns the question. Undefined: not known without packets. */
export type Resolve = (request: ResolveRequest) => Resolution | undefined | Promise<Resolution | undefined>;

/** What a stage leaves: the answer stands, or the chain leads on from `q.current`, or it must be waited for. */
export type Step = 'done' | 'follow' | Promise<'done' | 'follow'>;

export type Negative = Pick<Extract<ZoneResult, { kind: 'nodata' | 'nxdomain' }>, 'kind' | 'soa'>;

export interface QueryOptions {
  readonly world: World;
  readonly view: View;
  readonly qname: Name;
  readonly qtype: number;
  /** RD, DO and CD of the client. */
  readonly recursionDesired: boolean;
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
  readonly budget: Budget;
  readonly resolve: Resolve;
  /** By whose place and chance record sets are chosen. */
  readonly asker: Asker;
  readonly tokens: readonly Uint8Array[] | 'loop';
  readonly trace?: Trace | undefined;
  /** Of the endpoint that was asked. */
  readonly designation?: Designation | undefined;
  /** Default 0. */
  readonly depth?: number;
  /** It has to pass the firewall. */
  readonly screened: boolean;
}

/**
 * One question on its way through the stages (server/stages), and what each of them does to it. Every field is set
 * in the constructor: one shape for all.
 */
export class Query {
  readonly world: World;
  readonly view: View;
  readonly settings: ViewSettings;
  readonly qname: Name;
  readonly qtype: number;
  /** Without it nothing is asked of others; to an authority it means nothing. */
  readonly recursionDesired: boolean;
  /** DO and CD of the client, where the view lets them count. */
  readonly dnssecOk: boolean;
  readonly checkingDisabled: boolean;
  readonly budget: Budget;
  readonly resolve: Resolve;
  readonly asker: Asker;
  readonly trace: Trace | undefined;
  readonly designation: Designation | undefined;
  /**
   * Loop tokens that came with the query and travel on with what it causes. `loop`: our own is among them, or they
   * are too many. Answers of our own are still given: two daemons may forward to each other what the other has.
   */
  readonly tokens: readonly Uint8Array[] | 'loop';
  /** It was to be forwarded where it came from. */
  hasLooped: boolean;
  /** Why no answer could be made of the target of an alias. */
  aliasError: 'failed' | 'missing' | undefined;
  /** How many questions it is asked for the sake of: 0 is the client's own. */
  readonly depth: number;
  readonly answer: Answer;
  /** The name that stages 3 to 5 work on: the question's in lower case, then each target of the chain. */
  current: Name;
  /** What overlay zones that passed `current` on say of it: the answer, if nobody behind them exists. */
  negative: Negative | undefined;
  links: number;
  /** Index of the zone that was looked into last; -1: none yet. */
  zone: number;
  /** Owner names of the links so far, to see a loop at once. */
  readonly visited: Name[];
  dependencies: Dependency[];
  /** All of it came from zones: TTLs stand still and nothing but the dependencies ends its life. */
  authoritative: boolean;
  /** All of it was validated; nothing that we say ourselves ever is. */
  secure: boolean;
  /** The failure says no more than that nobody answered: not that an answer was forged or could not be believed. */
  unanswered: boolean;
  /** Of what was learned of others: of the oldest part. */
  ageSeconds: number;
  /** False once something was used that key and dependencies do not name. */
  storable: boolean;
  /** The record set that the answer is made of. There may have been other choices: then it is not storable. */
  choice: MadeChoice | undefined;
  /** On how many leading bits of the client's address the answer depends (the scope of RFC 7871). */
  scopeBits: number;
  /** Whether the firewall looks at names of the chain. */
  screening: Screening;
  /** Index of the view's firewall rule that alerted of the question or blocked it; a block goes before an alert. */
  verdict: number | undefined;
  /** Where the answer came from, for logs and `explain`. */
  source: 'zone' | 'local' | 'firewall' | Resolution['source'] | 'none';

  constructor(options: QueryOptions) {
    const { world, view } = options;
    this.world = world;
    this.view = view;
    this.settings = world.settings(view);
    this.qname = options.qname;
    this.qtype = options.qtype;
    this.depth = options.depth ?? 0;
    // What a client says to an authority counts for nothing: who wrote the alias wants its target resolved.
    this.recursionDesired = view.serves === 'resolver' ? options.recursionDesired : this.depth > 0;
    const { showsDnssec } = this.settings;
    this.dnssecOk = showsDnssec && options.dnssecOk;
    this.checkingDisabled = showsDnssec && options.checkingDisabled;
    this.budget = options.budget;
    this.resolve = options.resolve;
    this.asker = options.asker;
    this.tokens = options.tokens;
    this.hasLooped = false;
    this.aliasError = undefined;
    this.trace = options.trace;
    this.designation = options.designation;
    this.answer = emptyAnswer(RCODE.NOERROR);
    // A target made by a DNAME has the letters of the question, and an answer is stored for all spellings of it.
    this.current = fold(options.qname);
    this.negative = undefined;
    this.links = 0;
    this.zone = -1;
    this.visited = [];
    this.dependencies = [];
    this.authoritative = true;
    this.secure = true;
    this.unanswered = false;
    this.ageSeconds = 0;
    this.storable = true;
    this.choice = undefined;
    this.scopeBits = 0;
    this.screening = options.screened ? 'inspected' : 'none';
    this.verdict = undefined;
    this.source = 'none';
  }

  /** Another question of the same client, under the same budget, for an answer that is made of its answer. */
  sub(qname: Name, qtype: number, screened = false): Query {
    return new Query({ ...this, qname, qtype, depth: this.depth + 1, screened });
  }

  /** What is said of this question rests on what is said of `sub`. Its choice would be named by no key. */
  restOn(sub: Query): void {
    for (const dependency of sub.dependencies) this.depend(dependency);
    this.authoritative = this.authoritative && sub.authoritative;
    this.ageSeconds = Math.max(this.ageSeconds, sub.ageSeconds);
    this.storable = this.storable && sub.storable && sub.choice === undefined;
    this.scopeBits = Math.max(this.scopeBits, sub.scopeBits);
    this.hasLooped = this.hasLooped || sub.hasLooped;
    this.aliasError ??= sub.aliasError;
    if (sub.blockedBy !== undefined) this.verdict = sub.verdict;
    this.verdict ??= sub.verdict;
  }

  /** An authority asks others for nobody's sake but that of its own aliases. */
  get mayAsk(): boolean {
    return this.view.serves === 'resolver' || this.depth > 0;
  }

  depend(dependency: Dependency): void {
    const { dependencies } = this;
    for (const { slot } of dependencies) if (slot === dependency.slot) return;
    // Mostly there is one: an empty array that is pushed to has room for many.
    if (dependencies.length === 0) this.dependencies = [dependency];
    else dependencies.push(dependency);
  }

  /**
   * What stands at the names from `of` up to where the candidate stands is part of the answer: a rule or zone
   * that is added there ends it. Up to the root where no candidate answers: one that is added above those that there
   * are is known by the root.
   */
  dependOnView(upTo: Name, of: Name = this.current): void {
    const { view, world } = this;
    for (const name of view.matchedNames(of))
      if (name.length >= upTo.length) this.depend(world.viewDependency(view, name));
    if (upTo.length === 1) this.depend(world.viewDependency(view, ROOT));
  }

  /** What the firewall says of a name is part of the answer. */
  dependOnFirewall(name: Name): void {
    const { view, world } = this;
    this.depend(world.dependency(firewallHash(view.key, ROOT)));
    this.depend(world.dependency(firewallHash(view.key, name)));
  }

  /** The firewall rule that the answer is made by, in place of the true one. */
  get blockedBy(): FirewallRule | undefined {
    const rule = this.verdict === undefined ? undefined : this.settings.firewall?.rules[this.verdict];
    return rule?.action.kind === 'block' ? rule : undefined;
  }

  /** One more set of records for the answer section. */
  tell(rrset: Rrset): void {
    const { answer } = this.answer;
    if (answer.length === 0) this.answer.answer = [rrset];
    else answer.push(rrset);
  }

  /** An answer that is only an error: what the chain had so far is not served as if it were whole. */
  fail(rcode: number, code: number, text: string): 'done' {
    this.dropRecords(rcode);
    this.answer.ede.push({ code, text });
    return 'done';
  }

  /** The same without a reason of our own. */
  dropRecords(rcode: number): void {
    this.answer.rcode = rcode;
    this.answer.aa = false;
    this.answer.answer = [];
    this.answer.authority = [];
    this.answer.zoneNs = [];
    this.answer.additional = [];
    this.secure = false;
    this.storable = false;
  }

  /** RFC 2308 section 2.1: after a CNAME chain the rcode is that of the last name. */
  deny({ kind, soa }: Negative): 'done' {
    this.answer.rcode = kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR;
    this.answer.authority.push(soa);
    this.secure = false;
    return 'done';
  }

  /**
   * What takes the place of an NXDOMAIN from behind an overlay zone that has the name: NXDOMAIN is about all types
   * (RFC 2308 section 2), and who caches it would deny the records of the overlay zone too.
   */
  get overlaid(): Negative | undefined {
    return this.negative?.kind === 'nodata' ? this.negative : undefined;
  }

  /** The question is for a CNAME itself, or for all there is: none is followed (RFC 1034 section 3.6.2). */
  get isAliasAsked(): boolean {
    return this.qtype === TYPE.CNAME || this.qtype === TYPE.ANY;
  }

  /**
   * Appends links to the chain and goes on at `target`, within the bound and never in a circle. Where the firewall
   * overrides the answer, it goes on at another name than that.
   */
  follow(links: readonly Rrset[], target: Name): 'done' | 'follow' {
    this.answer.answer.push(...links);
    this.visited.push(this.current);
    this.links++;
    const { vpc, serves } = this.view;
    const isSeen = this.visited.some((name) => nameEquals(name, target));
    // Whoever resolves sees for itself that it goes round: what an authority has of the chain is true.
    if (serves === 'authority' && !this.mayAsk && (isSeen || this.links > CHAIN_LINKS_MAX)) return 'done';
    if (this.links > CHAIN_LINKS_MAX) {
      const text = `${vpc}: chain of more than ${CHAIN_LINKS_MAX} links at ${nameToText(target)}`;
      return this.fail(RCODE.SERVFAIL, EDE.OTHER, text);
    }
    if (isSeen) return this.fail(RCODE.SERVFAIL, EDE.OTHER, `${vpc}: CNAME loop at ${nameToText(target)}`);
    this.trace?.step('follow', nameToText(target));
    this.current = target;
    return screen(this, 'hop') === 'done' ? 'done' : 'follow';
  }
}

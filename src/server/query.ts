import type { Budget } from '../resolver/budget.ts';
import { type ForwardPath, targetToText } from '../resolver/path.ts';
import type { Resolution, ResolveRequest } from '../resolver/resolve.ts';
import { unreachable } from '../util/assert.ts';
import type { Dependency } from '../util/deps.ts';
import type { Overlay } from '../view/snapshot.ts';
import type { View } from '../view/view.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { fold, type Name, nameEquals, nameToText, ROOT } from '../wire/name.ts';
import { type Answer, emptyAnswer, type Rrset } from '../wire/record.ts';
import { additionalFor } from '../zone/address.ts';
import type { ZoneResult } from '../zone/lookup.ts';
import type { Trace } from './trace.ts';
import type { World } from './world.ts';

/**
 * THE list: what happens to a question that no cache of answers knew, in order, and why in this order.
 *
 *     1  read         wire/message: what is malformed is answered before anything is looked up  (server/respond)
 *     2  firewall     on the name, before private zones as Route 53 does                        (later)
 *     3  match        the view's longest match over rules, private zones, autodefined zones     (view/view)
 *     4  zone         answers that never leave this worker                                      (zone/lookup)
 *     5  resolve      in the worker that owns the question                                      (server/ownership)
 *     6  firewall     on the hops of the answer                                                 (later)
 *     7  encode       decide first, encode once                                                 (server/respond)
 *     8  store        if key and dependencies say all that the answer depends on                (server/respond)
 *
 * Stages 3 to 5 repeat while a CNAME or DNAME leads on: each target starts again at 3, in the same view and under
 * the same budget.
 */

/** Links of a CNAME or DNAME chain that are followed; Unbound's and BIND's limit. */
export const CHAIN_LINKS_MAX = 11;

/** Asks stage 5: the resolver here, or the worker that owns the question. Undefined: not known without packets. */
export type Resolve = (request: ResolveRequest) => Resolution | undefined | Promise<Resolution | undefined>;

/** One question on its way through the stages. Every field is set in the constructor: one shape for all. */
export class Query {
  readonly world: World;
  readonly view: View;
  readonly qname: Name;
  readonly qtype: number;
  /** RD of the client: without it nothing is asked of others. */
  readonly recursionDesired: boolean;
  readonly budget: Budget;
  readonly resolve: Resolve;
  readonly trace: Trace | undefined;
  /**
   * Loop tokens that came with the query and travel on with what it causes. `loop`: our own is among them, or they
   * are too many. Answers of our own are still given: two daemons may forward to each other what the other has.
   */
  readonly tokens: readonly Uint8Array[] | 'loop';
  /** It was to be forwarded where it came from. */
  hasLooped: boolean;
  readonly answer: Answer;
  /** The name that stages 3 to 5 work on: the question's in lower case, then each target of the chain. */
  current: Name;
  /** What overlay zones that passed `current` on say of it: the answer, if nobody behind them exists. */
  negative: Negative | undefined;
  links: number;
  /** Owner names of the links so far, to see a loop at once. */
  readonly visited: Name[];
  dependencies: Dependency[];
  /** All of it came from zones: TTLs stand still and nothing but the dependencies ends its life. */
  authoritative: boolean;
  /** Of what was learned of others: of the oldest part. */
  ageSeconds: number;
  /** False once something was used that key and dependencies do not name. */
  storable: boolean;
  /** Where the answer came from, for logs and `explain`. */
  source: 'zone' | 'local' | Resolution['source'] | 'none';

  constructor(options: {
    world: World;
    view: View;
    qname: Name;
    qtype: number;
    recursionDesired: boolean;
    budget: Budget;
    resolve: Resolve;
    tokens: readonly Uint8Array[] | 'loop';
    trace?: Trace;
  }) {
    this.world = options.world;
    this.view = options.view;
    this.qname = options.qname;
    this.qtype = options.qtype;
    this.recursionDesired = options.recursionDesired;
    this.budget = options.budget;
    this.resolve = options.resolve;
    this.tokens = options.tokens;
    this.hasLooped = false;
    this.trace = options.trace;
    this.answer = emptyAnswer(RCODE.NOERROR);
    // A target made by a DNAME has the letters of the question, and an answer is stored for all spellings of it.
    this.current = fold(options.qname);
    this.negative = undefined;
    this.links = 0;
    this.visited = [];
    this.dependencies = [];
    this.authoritative = true;
    this.ageSeconds = 0;
    this.storable = true;
    this.source = 'none';
  }
}

/** What a stage leaves: the answer stands, or the chain leads on from `q.current`, or it must be waited for. */
type Step = 'done' | 'follow' | Promise<'done' | 'follow'>;

/** Stages 3 to 6: fills `q.answer`. Returns a promise only when an upstream or another worker had to be asked. */
export function answerQuery(q: Query): undefined | Promise<undefined> {
  for (;;) {
    const step = tryCandidates(q);
    if (step instanceof Promise) return step.then((next) => (next === 'done' ? undefined : answerQuery(q)));
    if (step === 'done') return undefined;
  }
}

type Negative = Extract<ZoneResult, { kind: 'nodata' | 'nxdomain' }>;

/**
 * What stands at the names from `of` up to where the candidate stands is part of the answer: a rule or zone
 * that is added there ends it. Up to the root where no candidate answers: one that is added above those that there
 * are is known by the root.
 */
function dependOnView(q: Query, upTo: Name, of: Name = q.current): void {
  for (const name of q.view.matchedNames(of))
    if (name.length >= upTo.length) depend(q, q.world.viewDependency(q.view, name));
  if (upTo.length === 1) depend(q, q.world.viewDependency(q.view, ROOT));
}

/**
 * One turn of stages 3 to 5 for `q.current`: takes candidates, the most specific first, until one answers. Only an
 * overlay zone passes a question on. A failure further on is a failure (SERVFAIL), never a reason for another path.
 */
function tryCandidates(q: Query): Step {
  q.negative = undefined;
  for (const { candidate, name } of q.view.candidates(q.current)) {
    dependOnView(q, name);
    q.trace?.took(q.current, candidate);
    switch (candidate.kind) {
      case 'zone':
      case 'local': {
        const zone = q.world.zone(candidate.zone);
        const result = q.world.lookup(candidate.zone, q.current, q.qtype);
        for (const hash of result.deps) depend(q, q.world.dependency(hash));
        q.source = candidate.kind;
        const overlay = candidate.kind === 'zone' ? candidate.overlay : 'none';
        const passed = passedOn(result, overlay);
        if (passed === undefined) return takeZone(q, candidate.zone, result);
        q.trace?.passed(`${nameToText(zone.origin)} has ${passed.kind}; overlay ${overlay} passes it on`);
        // Of zones that deny the type the first counts, before those that deny the name.
        if (q.negative === undefined || (passed.kind === 'nodata' && q.negative.kind === 'nxdomain'))
          q.negative = passed;
        continue;
      }
      case 'forward':
        return askForward(q, q.world.snapshot.paths[candidate.path]!);
      case 'system':
        // The view has already punched the hole: a SYSTEM rule never stands in the list of candidates.
        continue;
      default:
        return unreachable(candidate);
    }
  }
  if (q.negative === undefined) return noPath(q);
  dependOnView(q, ROOT);
  if (q.links === 0) q.answer.aa = true;
  return takeNegative(q, q.negative);
}

/** What an overlay zone leaves to the next match. */
function passedOn(result: ZoneResult, overlay: Overlay): Negative | undefined {
  if (result.kind === 'nxdomain') return overlay === 'none' ? undefined : result;
  return result.kind === 'nodata' && overlay === 'nodata' ? result : undefined;
}

/** Nothing in this view knows the way. */
function noPath(q: Query): Step {
  const text = `no rule or zone of ${q.view.vpc} covers ${nameToText(q.current)}`;
  q.trace?.step('match', text);
  if (q.links > 0 && !q.recursionDesired) return 'done';
  return fail(q, q.links > 0 ? RCODE.SERVFAIL : RCODE.REFUSED, EDE.NOT_AUTHORITATIVE, text);
}

/** An answer that is only an error: what the chain had so far is not served as if it were whole. */
function fail(q: Query, rcode: number, code: number, text: string): 'done' {
  q.answer.rcode = rcode;
  q.answer.aa = false;
  q.answer.answer = [];
  q.answer.authority = [];
  q.answer.additional = [];
  q.answer.ede.push({ code, text });
  q.storable = false;
  return 'done';
}

function depend(q: Query, dependency: Dependency): void {
  if (!q.dependencies.some((d) => d.slot === dependency.slot)) q.dependencies.push(dependency);
}

/** Stage 4's result into the answer (RFC 1034 section 4.3.2 step 3, RFC 6672 section 3.2). */
function takeZone(q: Query, index: number, result: ZoneResult): Step {
  const zone = q.world.zone(index);
  // The AA bit speaks of the first owner name in the answer section (RFC 1035 section 4.1.1).
  if (q.links === 0) q.answer.aa = result.kind !== 'delegation';
  q.trace?.step('zone', `${nameToText(zone.origin)}: ${result.kind}`);
  switch (result.kind) {
    case 'hit':
    case 'any':
      q.answer.answer.push(result.rrset);
      addAdditional(q, index, result.rrset);
      return 'done';
    case 'nodata':
      return takeNegative(q, result);
    case 'nxdomain':
      return takeNegative(q, overlaid(q) ?? result);
    case 'delegation':
      q.answer.authority.push(result.ns);
      q.answer.additional.push(...result.glue);
      return 'done';
    case 'cname':
      return follow(q, [result.rrset], result.target);
    case 'dname':
      if (result.target !== undefined) return follow(q, [result.rrset, result.cname], result.target);
      // The CNAME that the DNAME stands for was what was asked for.
      q.answer.answer.push(result.rrset, result.cname);
      return 'done';
    case 'dname-too-long':
      q.answer.answer.push(result.rrset);
      q.answer.rcode = RCODE.YXDOMAIN;
      return 'done';
    default:
      return unreachable(result);
  }
}

/** Addresses that the client would ask for next, where this zone is the one that it would get them from. */
function addAdditional(q: Query, index: number, rrset: Rrset): void {
  const hashes: number[] = [];
  for (const each of additionalFor(q.world.zone(index), [rrset], hashes)) {
    const match = q.view.match(each.name)!;
    dependOnView(q, match.name, each.name);
    if ('zone' in match.candidate && match.candidate.zone === index) q.answer.additional.push(each);
  }
  for (const hash of hashes) depend(q, q.world.dependency(hash));
}

/** RFC 2308 section 2.1: after a CNAME chain the rcode is that of the last name. */
function takeNegative(q: Query, { kind, soa }: Negative): 'done' {
  q.answer.rcode = kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR;
  q.answer.authority.push(soa);
  return 'done';
}

/**
 * What takes the place of an NXDOMAIN from behind an overlay zone that has the name: NXDOMAIN is about all types
 * (RFC 2308 section 2), and who caches it would deny the records of the overlay zone too.
 */
function overlaid(q: Query): Negative | undefined {
  return q.negative?.kind === 'nodata' ? q.negative : undefined;
}

/** Appends links to the chain and goes on at `target`, within the bound and never in a circle. */
function follow(q: Query, links: readonly Rrset[], target: Name): 'done' | 'follow' {
  q.answer.answer.push(...links);
  q.visited.push(q.current);
  q.links++;
  if (q.links > CHAIN_LINKS_MAX)
    return fail(
      q,
      RCODE.SERVFAIL,
      EDE.OTHER,
      `${q.view.vpc}: chain of more than ${CHAIN_LINKS_MAX} links at ${nameToText(target)}`,
    );
  if (q.visited.some((name) => nameEquals(name, target)))
    return fail(q, RCODE.SERVFAIL, EDE.OTHER, `${q.view.vpc}: CNAME loop at ${nameToText(target)}`);
  q.trace?.step('follow', nameToText(target));
  q.current = target;
  return 'follow';
}

/** Stage 5: the targets of a forward rule, by the cache of its context first. */
function askForward(q: Query, path: ForwardPath): Step {
  q.authoritative = false;
  if (!q.recursionDesired) {
    // RFC 1035 section 4.3.1: without RD nothing is asked of others. A chain that began here is served as far as it goes.
    if (q.links > 0) return 'done';
    return fail(
      q,
      RCODE.REFUSED,
      EDE.NOT_AUTHORITATIVE,
      `rule ${path.rule} forwards this name; ask with RD=1`,
    );
  }
  if (q.tokens === 'loop') {
    q.hasLooped = true;
    return fail(
      q,
      RCODE.SERVFAIL,
      EDE.OTHER,
      `rule ${path.rule}: forwarding loop, this query has been here before`,
    );
  }
  q.trace?.step('forward', `rule ${path.rule} → ${path.targets.map(targetToText).join(', ')}`);
  const resolution = q.resolve({
    name: q.current,
    type: q.qtype,
    path,
    budget: q.budget,
    tokens: q.tokens,
  });
  if (resolution instanceof Promise) return resolution.then((r) => takeResolution(q, path, r));
  return takeResolution(q, path, resolution);
}

/**
 * A forwarder's answer. Its chain is walked link by link: where a target belongs to another zone or rule of this
 * view that is more specific than ".", the rest of the chain is not believed and the target starts again at stage 3.
 */
function takeResolution(q: Query, path: ForwardPath, resolution: Resolution | undefined): 'done' | 'follow' {
  if (resolution === undefined) {
    q.trace?.unknown('not in the cache; nothing was asked');
    q.storable = false;
    return 'done';
  }
  q.source = resolution.source;
  q.trace?.resolution(resolution);
  q.answer.ede.push(...resolution.ede);
  q.ageSeconds = Math.max(q.ageSeconds, resolution.ageSeconds ?? 0);
  if (resolution.source === 'stale' || resolution.outcome === 'failure') q.storable = false;
  if (resolution.outcome === 'failure') {
    q.answer.rcode = resolution.rcode;
    q.answer.answer = [];
    q.answer.aa = false;
    return 'done';
  }
  for (const rrset of resolution.rrsets) {
    if (rrset.type !== TYPE.CNAME || isAliasAsked(q)) {
      q.answer.answer.push(rrset);
      continue;
    }
    const step = follow(q, [rrset], rrset.rdatas[0]!);
    if (step === 'done') return 'done';
    if (leavesPath(q, path)) return 'follow';
  }
  const { outcome, rcode, rrsets, soa } = resolution;
  if (outcome === 'answer') {
    // A forwarder that serves only its own zone leaves the chain open: its end starts again at stage 3.
    if (rrsets.at(-1)?.type === TYPE.CNAME && !isAliasAsked(q)) return 'follow';
    // Aliases that were learned one by one may lead in a circle.
    if (rrsets.length === 0)
      return fail(q, RCODE.SERVFAIL, EDE.OTHER, `rule ${path.rule}: CNAME loop at ${nameToText(q.current)}`);
    return 'done';
  }
  // Without SOA nothing says for how long it holds (RFC 2308 section 5).
  if (soa === undefined) q.storable = false;
  const negative = outcome === 'nxdomain' && rrsets.length === 0 ? overlaid(q) : undefined;
  if (negative !== undefined) {
    const ttl = Math.min(negative.soa.ttl, soa?.ttl ?? 0);
    return takeNegative(q, { ...negative, soa: { ...negative.soa, ttl } });
  }
  q.answer.rcode = rcode;
  if (soa !== undefined) q.answer.authority.push(soa);
  return 'done';
}

/** The question is for a CNAME itself, or for all there is: none is followed (RFC 1034 section 3.6.2). */
function isAliasAsked(q: Query): boolean {
  return q.qtype === TYPE.CNAME || q.qtype === TYPE.ANY;
}

/** True if `q.current`, a target in a forwarder's chain, is somebody else's in this view. The answer depends on it. */
function leavesPath(q: Query, path: ForwardPath): boolean {
  let isHole = false;
  for (const { match, standing } of q.view.standings(q.current)) {
    if (standing === 'hole') isHole = true;
    if (standing !== 'may-answer') continue;
    const { candidate, name } = match;
    dependOnView(q, name);
    if (candidate.kind !== 'forward') return true;
    // What a rule for the root says is what anybody would; a SYSTEM rule says that this forwarder is not to be asked.
    return q.world.snapshot.paths[candidate.path] !== path && (isHole || name.length > 1);
  }
  dependOnView(q, ROOT);
  return false;
}

import type { Budget } from '../resolver/budget.ts';
import { type ForwardPath, targetToText } from '../resolver/path.ts';
import type { Resolution, ResolveRequest } from '../resolver/resolve.ts';
import { unreachable } from '../util/assert.ts';
import type { Dependency } from '../util/deps.ts';
import type { Match, View } from '../view/view.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { type Name, nameEquals, nameToText } from '../wire/name.ts';
import { type Answer, emptyAnswer, type Rrset } from '../wire/record.ts';
import { additionalFor } from '../zone/address.ts';
import type { Zone } from '../zone/image.ts';
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
  /** Loop tokens that came with the query and travel on with what it causes. */
  readonly tokens: readonly Uint8Array[];
  readonly answer: Answer;
  /** The name that stages 3 to 5 work on: the question's, then each target of the chain. */
  current: Name;
  links: number;
  /** Owner names of the links so far, to see a loop at once. */
  readonly visited: Name[];
  dependencies: Dependency[];
  /** All of it came from zones: TTLs stand still and nothing but the dependencies ends its life. */
  authoritative: boolean;
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
    tokens: readonly Uint8Array[];
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
    this.trace = options.trace;
    this.answer = emptyAnswer(RCODE.NOERROR);
    this.current = options.qname;
    this.links = 0;
    this.visited = [];
    this.dependencies = [];
    this.authoritative = true;
    this.storable = true;
    this.source = 'none';
  }
}

/** What a stage leaves: the answer stands, or the chain leads on from `q.current`, or it must be waited for. */
type Step = 'done' | 'follow' | Promise<'done' | 'follow'>;

/** Stages 3 to 6: fills `q.answer`. Returns a promise only when an upstream or another worker had to be asked. */
export function answerQuery(q: Query): undefined | Promise<undefined> {
  for (;;) {
    const step = answerName(q);
    if (step instanceof Promise) return step.then((next) => (next === 'done' ? undefined : answerQuery(q)));
    if (step === 'done') return undefined;
  }
}

/** One turn of stages 3 to 5 for `q.current`. */
function answerName(q: Query): Step {
  return tryCandidates(q, q.view.candidates(q.current), undefined);
}

/**
 * What stands at the names from `q.current` up to where the candidate stands is part of the answer: a rule or zone
 * that is added there ends it.
 */
function dependOnView(q: Query, upTo: Name): void {
  for (const name of q.view.matchedNames(q.current))
    if (name.length >= upTo.length) depend(q, q.world.viewDependency(q.view, name));
}

/**
 * Takes candidates, the most specific first, until one answers. Only an overlay zone passes a question on; its
 * negative answer is kept for the case that nobody behind it exists. A failure further on is a failure
 * (SERVFAIL), never a reason for another path.
 */
function tryCandidates(q: Query, candidates: Iterator<Match>, negative: ZoneResult | undefined): Step {
  for (;;) {
    const next = candidates.next();
    if (next.done === true) return negative === undefined ? noPath(q) : takeNegative(q, negative);
    const { candidate, name } = next.value;
    dependOnView(q, name);
    switch (candidate.kind) {
      case 'zone':
      case 'local': {
        const zone = q.world.zone(candidate.zone);
        const result = q.world.lookup(candidate.zone, q.current, q.qtype);
        for (const hash of result.deps) depend(q, q.world.dependency(hash));
        const overlay = candidate.kind === 'zone' ? candidate.overlay : 'none';
        if (passesOn(result, overlay)) {
          q.trace?.step(
            'zone',
            `${nameToText(zone.origin)} has ${result.kind}; overlay ${overlay} passes it on`,
          );
          negative ??= result;
          continue;
        }
        q.source = candidate.kind;
        return takeZone(q, zone, result);
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
}

function passesOn(result: ZoneResult, overlay: 'none' | 'nxdomain' | 'nodata'): boolean {
  if (result.kind === 'nxdomain') return overlay !== 'none';
  return result.kind === 'nodata' && overlay === 'nodata';
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
function takeZone(q: Query, zone: Zone, result: ZoneResult): Step {
  // The AA bit speaks of the first owner name in the answer section (RFC 1035 section 4.1.1).
  if (q.links === 0) q.answer.aa = result.kind !== 'delegation';
  q.trace?.step('zone', `${nameToText(zone.origin)}: ${result.kind}`);
  switch (result.kind) {
    case 'hit':
    case 'any':
      q.answer.answer.push(result.rrset);
      addAdditional(q, zone, result.rrset);
      return 'done';
    case 'nodata':
    case 'nxdomain':
      return takeNegative(q, result);
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

/** Addresses that the client would ask for next; the answer depends on them too. */
function addAdditional(q: Query, zone: Zone, rrset: Rrset): void {
  const hashes: number[] = [];
  q.answer.additional.push(...additionalFor(zone, [rrset], hashes));
  for (const hash of hashes) depend(q, q.world.dependency(hash));
}

function takeNegative(q: Query, result: ZoneResult): Step {
  if (result.kind !== 'nodata' && result.kind !== 'nxdomain') return 'done';
  if (q.links === 0) q.answer.aa = true;
  // RFC 2308 section 2.1: after a CNAME chain the rcode is that of the last name.
  q.answer.rcode = result.kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR;
  q.answer.authority.push(result.soa);
  return 'done';
}

/** Appends links to the chain and goes on at `target`, within the bound and never in a circle. */
function follow(q: Query, links: readonly Rrset[], target: Name): Step {
  q.answer.answer.push(...links);
  q.visited.push(q.current);
  q.links++;
  if (q.links > CHAIN_LINKS_MAX)
    return fail(
      q,
      RCODE.SERVFAIL,
      EDE.OTHER,
      `chain of more than ${CHAIN_LINKS_MAX} links at ${nameToText(target)}`,
    );
  if (q.visited.some((name) => nameEquals(name, target)))
    return fail(q, RCODE.SERVFAIL, EDE.OTHER, `CNAME loop at ${nameToText(target)}`);
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
    q.trace?.step('forward', 'not in the cache; nothing was asked');
    q.storable = false;
    return 'done';
  }
  q.source = resolution.source;
  q.trace?.resolution(resolution);
  q.answer.ede.push(...resolution.ede);
  if (resolution.source === 'stale' || resolution.outcome === 'failure') q.storable = false;
  if (resolution.outcome === 'failure') {
    q.answer.rcode = resolution.rcode;
    q.answer.answer = [];
    q.answer.aa = false;
    return 'done';
  }
  for (const rrset of resolution.rrsets) {
    if (rrset.type !== TYPE.CNAME || q.qtype === TYPE.CNAME || q.qtype === TYPE.ANY) {
      q.answer.answer.push(rrset);
      continue;
    }
    const step = follow(q, [rrset], rrset.rdatas[0]!) as 'done' | 'follow';
    if (step === 'done') return 'done';
    if (leavesPath(q, path)) return 'follow';
  }
  // A forwarder that serves only its own zone leaves the chain open: its end starts again at stage 3.
  if (resolution.outcome === 'answer' && endsOpen(q)) return 'follow';
  q.answer.rcode = resolution.rcode;
  if (resolution.soa !== undefined) q.answer.authority.push(resolution.soa);
  return 'done';
}

function endsOpen(q: Query): boolean {
  return q.answer.answer.at(-1)?.type === TYPE.CNAME && q.qtype !== TYPE.CNAME && q.qtype !== TYPE.ANY;
}

/** True if `q.current`, a target in a forwarder's chain, is somebody else's in this view. */
function leavesPath(q: Query, path: ForwardPath): boolean {
  const first = q.view.candidates(q.current).next();
  if (first.done === true) return false;
  const { candidate, name } = first.value;
  if (candidate.kind === 'forward') return candidate.path !== indexOfPath(q, path) && name.length > 1;
  return true;
}

function indexOfPath(q: Query, path: ForwardPath): number {
  return q.world.snapshot.paths.indexOf(path);
}

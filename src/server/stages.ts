import { isSentinel, sentinelFault } from '../resolver/sentinel.ts';
import { unreachable } from '../util/assert.ts';
import type { Candidate, Overlay } from '../view/snapshot.ts';
import type { Match } from '../view/view.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { nameToText, ROOT } from '../wire/name.ts';
import type { Delegation, Settled } from '../zone/lookup.ts';
import { askPath } from './askpath.ts';
import { takeZone } from './askzone.ts';
import { addNameServers } from './authority.ts';
import { delegatedPath } from './delegate.ts';
import { answerDesignated, isOfResolver } from './designated.ts';
import { synthesizeAaaa } from './dns64.ts';
import { answerSpecial } from './dns64names.ts';
import type { Negative, Query, Step } from './query.ts';
import { choose, flatten } from './routing.ts';
import { screen } from './screen.ts';

/**
 * THE list: what happens to a question that no cache of answers knew, in order, and why in this order.
 *
 *     1  read         wire/message: what is malformed is answered before anything is looked up  (server/respond)
 *     2  firewall     on the name, before private zones as Route 53 does                        (server/screen)
 *     3  match        the view's longest match over rules, private zones, autodefined zones     (view/view)
 *     4  zone         answers that never leave this worker                                      (zone/lookup)
 *     5  resolve      in the worker that owns the question                                      (server/ownership)
 *     6  rebinding    on each link and answer of the public Internet, before it is believed     (policy/rebinding)
 *     7  firewall     on each name that an alias leads to, before it is followed                (server/screen)
 *     8  dns64        when the whole chain is known to have no AAAA: 2 to 7 again, for A        (server/dns64)
 *     9  encode       decide first, encode once                                                 (server/respond)
 *    10  store        if key and dependencies say all that the answer depends on                (server/respond)
 *
 * Stages 3 to 7 repeat while a CNAME or DNAME leads on: each target starts again at 3, in the same view and under
 * the same budget.
 */

/** Stages 2 to 8: fills `q.answer`. Returns a promise only when an upstream or another worker had to be asked. */
export function answerQuery(q: Query): undefined | Promise<undefined> {
  return screenAndWalk(q, conclude);
}

function conclude(q: Query): undefined | Promise<undefined> {
  // There are only zones in its view, and what it says is not made for a resolver's clients.
  if (q.view.serves === 'authority') return void addNameServers(q);
  const waiting = synthesizeAaaa(q, screenAndWalkOnly);
  return waiting === undefined ? setAd(q) : waiting.then(() => setAd(q));
}

/** RFC 4035 section 3.2.3: AD says that answer and authority section are authentic, all of them. */
function setAd(q: Query): undefined {
  q.answer.ad = q.secure && q.settings.validates;
  const { keySentinel, anchors } = q.world.snapshot.recursion;
  if (!q.answer.ad || !keySentinel || q.checkingDisabled) return;
  // A roll-over changes the answer, and nothing that it depends on.
  if (isSentinel(q.qname)) q.storable = false;
  const fault = sentinelFault({ name: q.qname, type: q.qtype }, anchors);
  if (fault === undefined) return;
  q.fail(RCODE.SERVFAIL, fault.code, fault.text);
  q.answer.ad = false;
}

/** What is left to be done when the answer to a question stands: one promise less than to wait for that. */
type Next = (q: Query) => undefined | Promise<undefined>;

/** Stages 2 to 7, and what comes next. */
function screenAndWalk(q: Query, next: Next): undefined | Promise<undefined> {
  return screen(q, 'asked') === 'done' ? next(q) : walk(q, next);
}

function screenAndWalkOnly(q: Query): undefined | Promise<undefined> {
  return screenAndWalk(q, nothing);
}

/** Stages 3 to 7 for a question that another one rests on. */
function walkChain(q: Query): undefined | Promise<undefined> {
  return walk(q, nothing);
}

function nothing(): undefined {}

/** Stages 3 to 7 from link to link, and what comes next. */
function walk(q: Query, next: Next): undefined | Promise<undefined> {
  for (;;) {
    const step = answerDesignated(q) ?? answerSpecial(q) ?? tryCandidates(q);
    if (step instanceof Promise) return step.then((made) => (made === 'done' ? next(q) : walk(q, next)));
    if (step === 'done') return next(q);
  }
}

/**
 * One turn of stages 3 to 7 for `q.current`: takes candidates, the most specific first, until one answers. Only an
 * overlay zone passes a question on. A failure further on is a failure (SERVFAIL), never a reason for another path.
 */
function tryCandidates(q: Query): Step {
  q.negative = undefined;
  let isReferred = false;
  for (const { candidate, name } of candidates(q)) {
    q.dependOnView(name);
    q.trace?.took(q, candidate);
    switch (candidate.kind) {
      case 'zone':
      case 'local': {
        if (isReferred) continue;
        const result = lookUp(q, candidate.zone);
        q.source = candidate.kind;
        if (isReferralOut(q, candidate.zone, result)) {
          q.trace?.passed('a zone that refers to other servers', 'they are found from the root on');
          isReferred = true;
          continue;
        }
        const overlay = candidate.kind === 'zone' ? candidate.overlay : 'none';
        const passed = passedOn(result, overlay);
        if (passed === undefined) return answerFrom(q, candidate.zone, result);
        const { origin } = q.world.zone(candidate.zone);
        const decision = `${nameToText(origin)} has ${passed.kind}; overlay ${overlay} passes it on`;
        q.trace?.passed('an overlay zone that passed the question on', decision);
        keepNegative(q, passed);
        continue;
      }
      case 'forward':
      case 'recursive':
        if (!q.mayAsk || isOfResolver(q.current)) continue;
        return askPath(q, q.world.snapshot.paths[candidate.path]!, walkChain);
      case 'system':
        // The view has already punched the hole: a SYSTEM rule never stands in the list of candidates.
        continue;
      default:
        return unreachable(candidate);
    }
  }
  if (q.negative === undefined) return noPath(q);
  q.dependOnView(ROOT);
  if (q.links === 0) q.answer.aa = true;
  return q.deny(q.negative);
}

/**
 * The view's candidates, except that DS records of a zone are its parent's (RFC 4035 section 3.1.4.1): a private
 * zone is passed over for its own apex. It denies the type if nobody above it answers; and as the name is there, it
 * does so too where those above it deny the name. A stub rule for the zone is asked last. What else stands at the
 * name has both sides: the targets of a forward rule are resolvers.
 */
function candidates(q: Query): Iterable<Match> {
  return q.qtype === TYPE.DS ? candidatesForDs(q) : q.view.candidates(q.current);
}

function* candidatesForDs(q: Query): Generator<Match, void> {
  const last: Match[] = [];
  for (const match of q.view.candidates(q.current)) {
    const { candidate, name } = match;
    if (name.length < q.current.length || name.length === 1) yield match;
    else if (candidate.kind === 'zone' || candidate.kind === 'local') passApex(q, candidate);
    else if (isStub(q, candidate)) last.push(match);
    else yield match;
  }
  yield* last;
}

/** An alias leads to what a public zone has delegated: there is a way to it for everybody, which it is resolved by. */
function isReferralOut(q: Query, zone: number, { kind }: Settled): boolean {
  const isPublic = q.world.snapshot.zones[zone]!.kind === 'public';
  return kind === 'delegation' && isPublic && q.view.serves === 'authority' && q.mayAsk;
}

/** What a zone says that is not passed on. */
function answerFrom(q: Query, zone: number, result: Settled): Step {
  switch (result.kind) {
    case 'delegation':
      return followReferral(q, result) ?? takeZone(q, zone, result);
    case 'alias':
      return flatten(q, zone, result, walkChain);
    default:
      return takeZone(q, zone, result);
  }
}

/** A referral of a private zone that a DELEGATE rule follows; undefined where none does. */
function followReferral(q: Query, result: Delegation & Settled): Step | undefined {
  const path = delegatedPath(q, result, walkChain);
  if (!(path instanceof Promise)) return path && askPath(q, path, walkChain);
  const { cut } = result;
  return path.then((found) => {
    if (found !== undefined) return askPath(q, found, walkChain);
    const text = `no address of any server of ${nameToText(cut)} is to be had`;
    return q.fail(RCODE.SERVFAIL, EDE.NO_REACHABLE_AUTHORITY, text);
  });
}

function isStub(q: Query, candidate: Candidate): boolean {
  return 'path' in candidate && q.world.snapshot.paths[candidate.path]!.kind === 'recursive';
}

function passApex(q: Query, candidate: Extract<Candidate, { kind: 'zone' | 'local' }>): void {
  const result = lookUp(q, candidate.zone);
  q.source = candidate.kind;
  q.trace?.took(q, candidate);
  const decision = `${nameToText(q.current)} is this zone's apex; its parent is asked for DS records`;
  q.trace?.passed('DS records are data of its parent', decision);
  if (result.kind === 'nodata') keepNegative(q, result);
}

function lookUp(q: Query, zone: number): Settled {
  q.zone = zone;
  const result = q.world.lookup(zone, q.current, q.qtype);
  for (const hash of result.deps) q.depend(q.world.dependency(hash));
  return result.kind === 'routed' ? choose(q, zone, result) : result;
}

/** Of zones that deny the type the first counts, before those that deny the name. */
function keepNegative(q: Query, passed: Negative): void {
  if (q.negative === undefined || (passed.kind === 'nodata' && q.negative.kind === 'nxdomain'))
    q.negative = passed;
}

/** What an overlay zone leaves to the next match. */
function passedOn(result: Settled, overlay: Overlay): Negative | undefined {
  if (result.kind === 'nxdomain') return overlay === 'none' ? undefined : result;
  return result.kind === 'nodata' && overlay === 'nodata' ? result : undefined;
}

/** Nothing in this view knows the way. */
function noPath(q: Query): Step {
  const text = `no rule or zone of ${q.view.vpc} covers ${nameToText(q.current)}`;
  q.trace?.step('match', text);
  if (q.links > 0 && !q.recursionDesired) {
    q.dependOnView(ROOT);
    return 'done';
  }
  return q.fail(q.links > 0 ? RCODE.SERVFAIL : RCODE.REFUSED, EDE.NOT_AUTHORITATIVE, text);
}

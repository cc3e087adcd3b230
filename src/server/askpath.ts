import { type Path, targetToText } from '../resolver/path.ts';
import type { Resolution } from '../resolver/resolve.ts';
import { unreachable } from '../util/assert.ts';
import { addressToText } from '../util/cidr.ts';
import { EDE, RCODE, TYPE } from '../wire/constants.ts';
import { type Name, nameEquals, nameToText, ROOT } from '../wire/name.ts';
import type { Rrset } from '../wire/record.ts';
import { delegatedPath } from './delegate.ts';
import type { Query, Step } from './query.ts';

/** Asks a question through the same stages. */
type Walk = (q: Query) => undefined | Promise<undefined>;

/** Stage 5: who is asked by a rule, by the cache of its context first. */
export function askPath(q: Query, path: Path, walk: Walk): Step {
  q.authoritative = false;
  if (!q.recursionDesired) {
    // RFC 1035 section 4.3.1: without RD nothing is asked of others. A chain that began here is served as far as it goes.
    if (q.links > 0) return 'done';
    const text = `rule ${path.rule} ${path.kind === 'forward' ? 'forwards' : 'resolves'} this name; ask with RD=1`;
    return q.fail(RCODE.REFUSED, EDE.NOT_AUTHORITATIVE, text);
  }
  // Authoritative servers are asked without RD: there is nobody who could ask back.
  if (q.tokens === 'loop' && path.kind === 'forward') {
    q.hasLooped = true;
    const text = `rule ${path.rule}: forwarding loop, this query has been here before`;
    return q.fail(RCODE.SERVFAIL, EDE.OTHER, text);
  }
  q.trace?.step(path.kind === 'forward' ? 'forward' : 'recurse', `rule ${wayToText(path)}`);
  const resolution = q.resolve({
    name: q.current,
    type: q.qtype,
    path,
    budget: q.budget,
    tokens: q.tokens === 'loop' ? [] : q.tokens,
    checkingDisabled: q.checkingDisabled,
    wantsChain: q.trace?.wantsChain ?? false,
  });
  if (resolution instanceof Promise) return resolution.then((r) => takeResolution(q, path, r, walk));
  return takeResolution(q, path, resolution, walk);
}

/** `corp → 192.0.2.53:53`, `default, from the root`: rule and who is asked by it, for `explain`. */
export function wayToText(path: Path): string {
  switch (path.kind) {
    case 'forward':
      return `${path.rule} → ${path.targets.map(targetToText).join(', ')}`;
    case 'recursive': {
      if (path.hints) return `${path.rule}, from the root`;
      const servers = path.servers.flatMap(({ addresses }) => addresses.map(targetToText));
      return `${path.rule}, from the servers of ${nameToText(path.origin)}: ${servers.join(', ')}`;
    }
    default:
      return unreachable(path);
  }
}

/**
 * What was learned by a path. Its chain is walked link by link: where a target belongs to another zone or rule of
 * this view that is more specific than ".", the rest of the chain is not believed and the target starts again at
 * stage 3.
 */
function takeResolution(q: Query, path: Path, resolution: Resolution | undefined, walk: Walk): Step {
  if (resolution === undefined) {
    q.trace?.unknown('not in the cache; nothing was asked');
    q.storable = q.secure = false;
    return 'done';
  }
  takeFacts(q, resolution);
  if (resolution.outcome === 'referral') return takeReferral(q, path, resolution, walk);
  if (resolution.outcome === 'failure') {
    q.dropRecords(resolution.rcode);
    q.unanswered = !path.validate || q.checkingDisabled;
    return 'done';
  }
  for (const rrset of resolution.rrsets) {
    if (rrset.type !== TYPE.CNAME || q.isAliasAsked) {
      takeSet(q, path, rrset);
      continue;
    }
    const target = rrset.rdatas[0]!;
    if (q.follow([rrset], target) === 'done') return 'done';
    // The firewall has put another answer in the place of this one.
    if (q.current !== target) return 'follow';
    if (!leavesPath(q, path)) continue;
    // They may prove the wildcard that a link was made from.
    takeProofs(q, resolution);
    return 'follow';
  }
  return resolution.outcome === 'answer' ? endOfChain(q, path, resolution) : takeDenial(q, resolution);
}

/** A forwarder that refers on: only where a DELEGATE rule says so, else it does not resolve for us. */
function takeReferral(q: Query, path: Path, { rrsets, glue = [] }: Resolution, walk: Walk): Step {
  const [ns] = rrsets;
  const unfollowed = (): 'done' => {
    const text = `rule ${path.rule}: a referral instead of an answer`;
    return q.fail(RCODE.SERVFAIL, EDE.NETWORK_ERROR, text);
  };
  const way = ns && delegatedPath(q, { ns, glue }, walk);
  if (way instanceof Promise) return way.then((found) => (found ? askPath(q, found, walk) : unfollowed()));
  return way === undefined ? unfollowed() : askPath(q, way, walk);
}

function takeFacts(q: Query, resolution: Resolution): void {
  const { source, ede, ageSeconds, outcome, security } = resolution;
  q.source = source;
  q.trace?.resolution(q.current, resolution);
  for (const each of ede) q.answer.ede.push(each);
  q.ageSeconds = Math.max(q.ageSeconds, ageSeconds ?? 0);
  if (source === 'stale' || outcome === 'failure') q.storable = false;
  // Signatures of expired data may have expired too: nobody vouches for it.
  if (security !== 'secure' || source === 'stale') q.secure = false;
}

function endOfChain(q: Query, path: Path, resolution: Resolution): 'done' | 'follow' {
  takeProofs(q, resolution);
  const { rrsets } = resolution;
  // A server that serves only its own zone leaves the chain open: its end starts again at stage 3.
  if (rrsets.at(-1)?.type === TYPE.CNAME && !q.isAliasAsked) return 'follow';
  // Aliases that were learned one by one may lead in a circle.
  if (rrsets.length === 0) {
    const text = `rule ${path.rule}: CNAME loop at ${nameToText(q.current)}`;
    return q.fail(RCODE.SERVFAIL, EDE.OTHER, text);
  }
  // A DNAME that makes a name which cannot be (RFC 6672 section 2.2).
  if (resolution.rcode === RCODE.YXDOMAIN) q.answer.rcode = RCODE.YXDOMAIN;
  return 'done';
}

function takeDenial(q: Query, resolution: Resolution): 'done' {
  const { outcome, rcode, rrsets, soa } = resolution;
  // Without SOA nothing says for how long it holds (RFC 2308 section 5).
  if (soa === undefined) q.storable = false;
  const negative = outcome === 'nxdomain' && rrsets.length === 0 ? q.overlaid : undefined;
  if (negative !== undefined) {
    const ttl = Math.min(negative.soa.ttl, soa?.ttl ?? 0);
    return q.deny({ ...negative, soa: { ...negative.soa, ttl } });
  }
  q.answer.rcode = rcode;
  if (soa !== undefined) q.answer.authority.push(soa);
  takeProofs(q, resolution);
  return 'done';
}

/** What proves a denial is for those who ask for signatures (RFC 4035 section 3.1). */
function takeProofs(q: Query, { proofs = [] }: Resolution): void {
  if (!q.dnssecOk) return;
  const { authority } = q.answer;
  for (const proof of proofs) {
    const isThere = authority.some(({ name, type }) => type === proof.type && nameEquals(name, proof.name));
    if (!isThere) authority.push(proof);
  }
}

/** A set of records into the answer, or what may be told of it. */
function takeSet(q: Query, path: Path, rrset: Rrset): void {
  // RFC 4035 section 3.2.1: without DO, none of these that were not asked for by their type.
  if (!q.dnssecOk && rrset.type !== q.qtype && PROVING.includes(rrset.type)) return;
  // A chain may come by a DNAME twice; an RRset is given once (RFC 2181 section 5).
  if (rrset.type === TYPE.DNAME && q.answer.answer.some((set) => isSameSet(set, rrset))) return;
  const verdict = isPublic(path) ? q.settings.rebinding?.judge(rrset) : undefined;
  if (verdict === undefined || verdict.kind === 'pass') {
    q.tell(rrset);
    return;
  }
  if (verdict.rest !== undefined) q.tell(verdict.rest);
  q.secure = q.storable = false;
  const text = `rule ${path.rule}: ${addressToText(verdict.address)} is not given for public names (rebinding protection)`;
  q.trace?.step('rebinding', text);
  q.answer.ede.push({ code: EDE.BLOCKED, text });
}

function isSameSet(a: Rrset, b: Rrset): boolean {
  return a.type === b.type && nameEquals(a.name, b.name);
}

const PROVING: readonly number[] = [TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3];

/** What anybody may say, as opposed to servers that a rule names for a part of the name space. */
function isPublic(path: Path): boolean {
  return path.domain.length === 1;
}

/** True if `q.current`, a target in a chain of the path, is somebody else's in this view. The answer depends on it. */
function leavesPath(q: Query, path: Path): boolean {
  let isHole = false;
  for (const { match, standing } of q.view.standings(q.current)) {
    if (standing === 'hole') isHole = true;
    if (standing !== 'may-answer') continue;
    const { candidate, name } = match;
    q.dependOnView(name);
    if (candidate.kind !== 'forward' && candidate.kind !== 'recursive') return true;
    // What a rule for the root says is what anybody would; a SYSTEM rule says that this forwarder is not to be asked.
    return q.world.snapshot.paths[candidate.path] !== path && (isHole || isBelowRoot(name));
  }
  q.dependOnView(ROOT);
  return false;
}

function isBelowRoot(name: Name): boolean {
  return name.length > 1;
}

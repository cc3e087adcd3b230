/** What a difference between the two resolvers is worth: a fault of ours, a known difference of opinion, or unknown. */
import { type Answer, type Asked, textOf } from './compare.ts';
import { FORGERIES } from './forgeries.ts';
import type { Honest } from './honest.ts';

export type Judgement =
  | { readonly status: 'same' }
  /** A wrong answer of ours. */
  | { readonly status: 'fault'; readonly why: string }
  /** Ours can be defended; `why` is one of few. */
  | { readonly status: 'known'; readonly why: string }
  | { readonly status: 'unknown' };

const SAME: Judgement = { status: 'same' };

/** Of zones that are wrong, where we say SERVFAIL and Unbound does not. */
interface Stricter {
  readonly why: string;
  /** What is wrong with the zone… */
  readonly kind?: RegExp;
  /** …and what we say is wrong. */
  readonly ede?: RegExp;
}

const STRICTER: readonly Stricter[] = [
  {
    why: 'beside a DS of SHA-256, one of SHA-1 does not count (RFC 4509 section 3)',
    kind: /^DS: SHA-1 right/,
  },
  { why: 'a revoked key vouches for nothing (RFC 5011 section 2.1)', kind: /^DS: of a revoked key/ },
  { why: 'an NSEC made from a wildcard proves nothing (RFC 6840 section 4.1)', kind: /^labels: of a denial/ },
  { why: 'no wildcard above a zone makes its records', kind: /^labels: /, ede: /has \d+ labels/ },
  {
    why: 'what has NS and no SOA denies nothing below it (RFC 6840 section 4.1)',
    kind: /says NS without SOA/,
  },
  {
    why: 'an NSEC that cannot be the zone’s proves nothing (RFC 4034 section 4.1.1)',
    kind: /^NSEC: next name/,
  },
  { why: 'more than 50 iterations are not made (RFC 9276 section 3.2)', kind: /iterations/ },
  { why: 'a reply with a malformed record is malformed', ede: /malformed reply/ },
  { why: 'of the proofs in a reply no more than 8 are looked at', kind: /^reply: .* all proofs/ },
  // QNAME minimisation, DS and priming: each resolver asks others of the questions that are lied about.
  { why: 'each was told another part of the lies', kind: /^reply: / },
];

const TRUTH = 'the truth, which Unbound does not accept';
const LOOP = 'a chain of aliases that returns to where it was has no end to tell';
const PROVEN = 'the truth, proven by other records than those Unbound looked at';
const DENIED = 'what is signed denies it, and so it is not asked for (RFC 8198)';
/** NSD 4.6.1 denies that of the empty non-terminal instead, which has no record that says that it is there. */
const NO_WILDCARD = 'the wildcard above an unsigned delegation is not denied (RFC 5155 section 8.4)';
/** Its denial is the parent's, and secure (RFC 4035 section 3.1.4.1); Unbound had the child's, which is unsigned, beside it. */
const DS_BY_ALIAS = 'of DS records at the end of an alias Unbound asks the child too, which is not signed';
const OPT_OUT = 'what opt-out covers may exist, unsigned (RFC 5155 section 9.2)';

export function judge(asked: Asked, honest: Honest): Judgement {
  const { of, ours, theirs } = asked;
  if (theirs.rcode === 'NOREPLY') return SAME;
  if (ours.rcode === 'NOREPLY' || ours.rcode === 'MALFORMED') return { status: 'fault', why: ours.rcode };
  const truth = honest.answer(asked.question);
  const isSame = textOf(ours) === textOf(theirs);
  if (ours.rcode === 'SERVFAIL') return isSame ? SAME : judgeFailure(asked);
  if (!isTrue(ours, truth)) return isSame && !isAsSigned(of.kind) ? SAME : judgeUntruth(asked);
  if (isSame) return SAME;
  if (theirs.rcode === 'SERVFAIL' || !isTrue(theirs, truth)) return { status: 'known', why: TRUTH };
  if (ours.ad && of.kind !== 'sound') return { status: 'known', why: PROVEN };
  if (theirs.ad && /opt-out/.test(of.kind)) return { status: 'known', why: OPT_OUT };
  if (ours.ad && asked.question.type === 'DS' && ours.records.some((record) => / CNAME /.test(record)))
    return { status: 'known', why: DS_BY_ALIAS };
  return { status: 'unknown' };
}

function judgeFailure({ of, ours, theirs }: Asked): Judgement {
  if (/alias loop/.test(ours.ede)) return { status: 'known', why: LOOP };
  // Asked for the name itself, and not by way of an alias, Unbound says so too.
  if (/no proof that \*\./.test(ours.ede) && theirs.rcode === 'NXDOMAIN' && !theirs.ad)
    return { status: 'known', why: NO_WILDCARD };
  if (of.kind === 'sound') return { status: 'unknown' };
  const found = STRICTER.find(
    ({ kind, ede }) => (kind?.test(of.kind) ?? true) && (ede?.test(ours.ede) ?? true),
  );
  return found === undefined ? { status: 'unknown' } : { status: 'known', why: found.why };
}

function judgeUntruth({ of, ours, theirs }: Asked): Judgement {
  if (ours.ad && isAsSigned(of.kind)) return { status: 'fault', why: 'AD, and not what the zone says' };
  if (ours.ad && ours.records.length === 0 && /^NSEC|^data: an unsigned/.test(of.kind))
    return { status: 'known', why: DENIED };
  if (theirs.rcode === 'SERVFAIL')
    return { status: 'fault', why: 'answered where Unbound finds it bogus, and not what the zone says' };
  return { status: 'unknown' };
}

function isTrue(answer: Answer, truth: { rcode: string; records: readonly string[] }): boolean {
  return answer.rcode === truth.rcode && answer.records.join('\n') === truth.records.join('\n');
}

/** Who has the keys may sign what is not so, and who errs with them too; who forges replies has none. */
function isAsSigned(kind: string): boolean {
  return kind === 'sound' || Object.hasOwn(FORGERIES, kind);
}

/**
 * How far a record is trusted, by the place it was learned from: RFC 2181 section 5.4.1, the least first. What is
 * in the cache and has not expired is never replaced by something of a lower rank: otherwise an additional
 * section could overwrite an answer (Kashpureff 1997 and its heirs), and an unvalidated reply a validated one.
 * Equal ranks replace each other: the later one is news.
 */
export const RANK = {
  /** No data at all: that asking failed. */
  failure: 0,
  /** Additional section, or authority section of a reply without AA. Good for finding servers, never an answer. */
  additional: 1,
  /** Address of a name server that a parent gave with its delegation. Never an answer. */
  glue: 2,
  /** NS records at a zone cut as the parent has them. Never an answer. */
  delegation: 3,
  /** Answer section of a reply without AA: all that a forwarder says. */
  answer: 4,
  /** Authority section of a reply with AA. */
  authorityAuthoritative: 5,
  /** Answer section of a reply with AA, from a server of the zone. */
  answerAuthoritative: 6,
  /** Validated by DNSSEC: nothing unsigned replaces it. */
  secure: 7,
} as const;

export type Rank = (typeof RANK)[keyof typeof RANK];

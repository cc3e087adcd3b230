/** What a scenario file says, as data. The notation is described in test/scenarios/README.md. */
import type { Question, Rr } from '../../../src/wire/record.ts';
import type { WorkLimit } from './work.ts';

export interface Scenario {
  readonly title: string;
  /** What stands before CONFIG_END: see config.ts. */
  readonly config: string;
  readonly ranges: readonly Range[];
  readonly steps: readonly Step[];
}

/** Replies that hold from one step to another, both included. */
export interface Range {
  readonly from: number;
  readonly to: number;
  /** Of the server that gives them; undefined: any server. */
  readonly address: string | undefined;
  readonly entries: readonly Entry[];
}

/** A message, and what other messages it stands for. */
export interface Entry {
  readonly line: number;
  readonly match: Match;
  /** The reply gets the ID and the question of the query; without it they stay 0 and what the entry says. */
  readonly copyId: boolean;
  readonly copyQuery: boolean;
  readonly packet: Packet;
  /** Sent as it stands, instead of `packet`. */
  readonly hex: Uint8Array | undefined;
}

export interface Match {
  readonly words: ReadonlySet<MatchWord>;
  /** `ede=6`, `ede=any`; `none` where the word is absent. */
  readonly ede: number | 'any' | 'none';
}

export const MATCH_WORDS = [
  'opcode',
  'qtype',
  'qname',
  'subdomain',
  'all',
  'all_noedns',
  'ttl',
  'DO',
  'noedns',
  'rcode',
  'question',
  'answer',
  'UDP',
  'TCP',
] as const;
export type MatchWord = (typeof MATCH_WORDS)[number];

export interface Packet {
  /** The 16 bits after the ID. */
  readonly flags: number;
  /** DO was said: there is an OPT record, with DO. */
  readonly dnssecOk: boolean;
  readonly question: Question | undefined;
  readonly answer: readonly Rr[];
  readonly authority: readonly Rr[];
  readonly additional: readonly Rr[];
}

export type Step = { readonly number: number; readonly line: number } & Action;

export type Action =
  | { readonly kind: 'query'; readonly client: string | undefined; readonly entry: Entry }
  | { readonly kind: 'check-answer'; readonly client: string | undefined; readonly entry: Entry }
  | { readonly kind: 'time-passes'; readonly ms: number }
  /** Nothing but what is under way: `TRAFFIC`, `NOTHING`. */
  | { readonly kind: 'traffic' }
  /** About queries to servers that no range answers: that there is one; what becomes of the latest. */
  | { readonly kind: 'check-out-query'; readonly address: string | undefined; readonly entry: Entry }
  | { readonly kind: 'reply'; readonly entry: Entry }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'error' }
  | { readonly kind: 'check-work'; readonly limits: readonly WorkLimit[] };

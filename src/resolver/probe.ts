import { TYPE } from '../wire/constants.ts';
import { fold, type Name } from '../wire/name.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { PROBE_SPACING_MS } from './breaker.ts';
import { Budget } from './budget.ts';
import { Candidate, TRIES_MAX } from './candidate.ts';
import type { Env } from './env.ts';
import type { Target } from './target.ts';

/** What a probe asks for: the domain of a rule or the apex of a zone. A path is one. */
export interface ProbeSubject {
  readonly domain: Name;
  readonly case0x20: boolean;
  readonly sources: readonly string[];
  /** The target is an authoritative server: it is never asked with RD. */
  readonly authority?: boolean;
}

/**
 * Asks a target that has been silent for the SOA of the rule's own domain, with one packet: whatever it replies, it
 * is alive. Every other probe goes without RD: any server answers that by itself, at once, even while what it
 * forwards to is dead. The others go with RD, for those that drop what they would not recurse for.
 */
export class Probes {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** For a target under suspicion: now, unless one is out. */
  suspect(target: Target, subject: ProbeSubject): void {
    if (target.probe === undefined) this.#send(target, subject);
  }

  /** For an open target while others work: when its delay is over. */
  due(target: Target, subject: ProbeSubject): void {
    const now = this.#env.clock.now();
    if (target.breaker.state === 'open' && now >= target.breaker.retryAt && target.probe === undefined)
      this.#send(target, subject);
  }

  /**
   * For a target of a path that has no better one: sooner than its delay says. Calls `done` when the outcome of the
   * probe is known, and returns how to stop waiting; undefined: the last probe failed a moment ago.
   */
  wait(target: Target, subject: ProbeSubject, done: () => void): (() => void) | undefined {
    const now = this.#env.clock.now();
    if (target.probe === undefined) {
      if (now < target.breaker.retryAt && now - target.probedAt < PROBE_SPACING_MS) return undefined;
      this.#send(target, subject);
    }
    const waiting = target.probe;
    waiting?.add(done);
    return () => waiting?.delete(done);
  }

  #send(target: Target, subject: ProbeSubject): void {
    const { clock, count } = this.#env;
    const now = clock.now();
    const waiting = new Set<() => void>();
    target.probe = waiting;
    target.probedAt = now;
    target.breaker.probing();
    count('upstream_probes');
    const over = (): void => {
      if (target.probe !== waiting) return;
      target.probe = undefined;
      target.breaker.probeFailed(clock.now());
      for (const done of waiting) done();
    };
    const owner: AttemptOwner = { late: over, replied: over, failed: over, suspect: () => undefined };
    const candidate = new Candidate(target);
    // One packet: nothing is left for TCP, and the last try by UDP goes without EDNS. Through TLS it may meet a connection
    // that died unnoticed, and is sent again on another.
    candidate.tries.udp = TRIES_MAX - 1;
    candidate.tries.tcp = TRIES_MAX;
    candidate.tries.dot = candidate.tries.doh = TRIES_MAX - 2;
    const question = {
      name: fold(subject.domain),
      type: TYPE.SOA,
      recursionDesired: target.probes++ % 2 === 1 && subject.authority !== true,
      case0x20: subject.case0x20,
      sources: subject.sources,
      options: [],
      deadline: Number.POSITIVE_INFINITY,
    };
    new Attempt(this.#env, candidate, question, new Budget(now), owner);
  }
}

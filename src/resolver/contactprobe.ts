import { Attempt, type AttemptOwner, type AttemptQuestion } from './attempt.ts';
import { Budget } from './budget.ts';
import { Candidate, TRIES_MAX } from './candidate.ts';
import type { Contact, ZoneCut } from './cut.ts';
import type { Env } from './env.ts';

/**
 * Asks a server that was just left alone, with one packet, for what it surely knows of its zone. There are servers that
 * drop some names and answer for others: whoever asks for the former must not have them left alone for all. A reply,
 * whatever it says, ends the pause. It is a question of the zone like any other, and waits for none that is out.
 * @param question the SOA record of the zone
 */
export function probeContact(env: Env, cut: ZoneCut, contact: Contact, question: AttemptQuestion): void {
  if (!cut.fetches.take()) return;
  env.count('upstream_probes');
  const owner: AttemptOwner = {
    late: () => undefined,
    replied() {
      cut.fetches.give(false);
      contact.heard(env.clock.now());
    },
    failed: () => cut.fetches.give(true),
    suspect: () => undefined,
  };
  const candidate = new Candidate(contact.target);
  // The last of its tries, so without EDNS, and none by TCP.
  candidate.tries.udp = TRIES_MAX - 1;
  candidate.tries.tcp = TRIES_MAX;
  const deadline = Number.POSITIVE_INFINITY;
  new Attempt(env, candidate, { ...question, deadline }, new Budget(env.clock.now()), owner);
}

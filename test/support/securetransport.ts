/** Queries to servers of `secure.ts` by the transport alone, without a resolver. */
import type { Test } from 'tap';
import type { SecureTarget } from '../../src/resolver/path.ts';
import { TcpTransport } from '../../src/resolver/transport/tcp.ts';
import type { ReplyFacts } from '../../src/resolver/transport.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import type { SecureQuery } from './secure.ts';

/** A message whose content tells it from others. */
export function query(number: number): Uint8Array {
  const message = new Uint8Array(20).fill(number & 255);
  message[0] = 0x55;
  return message;
}

export interface Outcome {
  readonly reply?: Uint8Array;
  readonly facts?: ReplyFacts | undefined;
  readonly failure?: string;
  readonly detail?: string | undefined;
}

export interface Counted {
  readonly tcp: TcpTransport;
  readonly counts: Record<string, number>;
}

/** A transport that ends with the test, and what it counts. */
export function transport(t: Test, clock: Clock = systemClock): Counted {
  const counts: Record<string, number> = {};
  const tcp = new TcpTransport(clock, cryptoPrng, (counter, by = 1) => {
    counts[counter] = (counts[counter] ?? 0) + by;
  });
  t.teardown(() => tcp.close());
  return { tcp, counts };
}

export interface AskOptions {
  readonly resends?: { count: number };
  readonly mayResend?: boolean;
  readonly isRepeat?: boolean;
  readonly timeoutMs?: number;
}

/** Sends a query of that number through TLS. Resolves when it has ended. */
export function ask(tcp: TcpTransport, target: SecureTarget, number: number, options: AskOptions = {}) {
  const { resends, mayResend = true, isRepeat = false, timeoutMs = 20_000 } = options;
  return new Promise<Outcome>((resolve) => {
    const { address, port, protocol, peer } = target;
    const secure = { peer, sources: [], isRepeat };
    tcp.exchange(
      { address, port, protocol, query: query(number), source: undefined, timeoutMs, secure },
      {
        message: (reply, facts) => {
          resolve({ reply, facts });
          return 'done';
        },
        failed: (failure, detail) => resolve({ failure, detail }),
        resend: () => {
          if (resends !== undefined) resends.count++;
          return mayResend;
        },
      },
    );
  });
}

/** What a server does with a query that it likes. */
export const echo = ({ message, reply }: SecureQuery): void => reply(message);

import type { Target } from './target.ts';
import type { Protocol } from './transport.ts';

/** RFC 9520 section 3.1 as a limit: queries per server, question and transport, whatever happens. */
export const TRIES_MAX = 3;

/** One target as one question sees it: outlives the single attempt. */
export class Candidate {
  readonly target: Target;
  readonly tries: Record<Protocol, number> = { udp: 0, tcp: 0, dot: 0, doh: 0 };
  /** Moves from UDP to TCP once, and never back; nothing leads from or to TLS. */
  protocol: Protocol;
  edns = true;
  /** Something came back that showed the server alive. */
  heard = false;
  /** By UDP the case of the question was not kept. */
  caseLost = false;
  /** By UDP a reply came without the cookie that was expected, or with another. */
  cookieLost = false;
  /** By TCP it refused the question with a cookie: it may be that, for some know EDNS without options. */
  cookieRefused = false;
  /** Replies that asked for another cookie. */
  badCookies = 0;
  /** It has said what it has to say, or cannot be asked. */
  done = false;

  constructor(target: Target) {
    this.target = target;
    this.protocol = target.protocol === 'do53' ? 'udp' : target.protocol;
  }

  /** By all protocols. */
  get tried(): number {
    const { udp, tcp, dot, doh } = this.tries;
    return udp + tcp + dot + doh;
  }

  get mayTry(): boolean {
    return !this.done && this.tries[this.protocol] < TRIES_MAX;
  }
}

import type { Logger } from '../../telemetry/log.ts';
import type { Destination } from '../../view/querylog.ts';

/** Between attempts: doubled from one to the next. */
const REST_MS = 500;
const REST_MS_MAX = 30_000;

/** Whether a receiver takes what is sent: told once when it does not, and once when it does again. */
export class Reception {
  readonly #log: Logger;
  readonly #to: string;
  #isTold = false;
  /** Attempts since the last that was good. */
  #failures = 0;

  constructor(log: Logger, to: Destination) {
    this.#log = log;
    this.#to = toText(to);
  }

  /** Returns how many milliseconds it is to be left alone. */
  failed(err: unknown): number {
    if (!this.#isTold) this.#log.warn({ ...reasonOf(err), to: this.#to }, 'nobody receives a log');
    this.#isTold = true;
    return Math.min(REST_MS * 2 ** this.#failures++, REST_MS_MAX);
  }

  /** @param lost entries since the last time that it was asked */
  taken(lost: () => number): void {
    this.#failures = 0;
    if (!this.#isTold) return;
    this.#isTold = false;
    this.#log.info({ to: this.#to, lost: lost() }, 'a log is received again');
  }
}

const REASON_CHARS_MAX = 200;

/** Of an error no more than this: Node's have what a receiver said beside it, which may be what we had sent. */
function reasonOf(error: unknown): { code?: string; reason: string } {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = String(message).slice(0, REASON_CHARS_MAX);
  return code === undefined ? { reason } : { code, reason };
}

/** Of a URL the server alone: what is behind it may be a secret. */
function toText(to: Destination): string {
  switch (to.kind) {
    case 'stdout':
      return 'stdout';
    case 'file':
      return to.path;
    case 'http':
      return new URL(to.url).origin;
    case 'dnstap':
    case 'syslog':
      return to.at.way === 'unix' ? to.at.path : `${to.at.way} ${to.at.address} ${to.at.port}`;
  }
}

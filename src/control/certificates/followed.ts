import { X509Certificate } from 'node:crypto';
import type { Logger } from '../../telemetry/log.ts';
import { isoFromWall } from '../../telemetry/text.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Credentials } from '../../view/snapshot.ts';
import { withCredentials } from '../config/credentials.ts';
import { systemFiles } from '../config/files.ts';
import type { Config } from '../config/load.ts';
import { readTls, type TlsPair } from '../config/tls.ts';
import { LOOK_MS, stampOf } from '../follow.ts';

/** Two files that are followed together. */
interface Followed {
  readonly pair: TlsPair;
  /** What is in force. */
  credentials: Credentials;
  /** At the last look. */
  seen: string;
  /** Of what was read last that is right; empty: nothing yet. */
  read: string;
  /** What was last said to be wrong; empty: nothing is. */
  fault: string;
}

export interface FollowedOptions {
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Logger;
  /** `applied` has something else to put in force. */
  readonly changed: () => void;
}

/**
 * The files of certificates and keys that a configuration names, looked at again and again: who renews them need not know
 * the daemon. A pair counts when both files have been as they are for one look longer, as they are replaced one after the
 * other. One that cannot be used changes nothing, is told once, and is tried at each look: a half of it may be on its way.
 *
 *     look ─▶ stamps ─ as read ─▶ nothing
 *                └ other ─▶ as at the last look? ─ no ─▶ the next one
 *                                 └ read ─┬ right ─▶ changed
 *                                         └ wrong ─▶ a line in the log; the next one
 */
export class FollowedCertificates {
  readonly #o: FollowedOptions;
  #followed: readonly Followed[] = [];
  #timer: Timer | undefined;

  constructor(options: FollowedOptions) {
    this.#o = options;
  }

  /** From now on it is the files of this configuration, which may have been replaced since it was read. */
  configure(config: Config): void {
    const followed = new Map<string, Followed>();
    withCredentials(config, (pair, credentials) => {
      followed.set(idOf(pair), { pair, credentials, seen: '', read: '', fault: '' });
      return credentials;
    });
    this.#followed = [...followed.values()];
    if (followed.size === 0) this.close();
    else this.#timer ??= this.#o.clock.every(LOOK_MS, () => this.#look());
  }

  /** The configuration with what was read of these files last. */
  applied(config: Config): Config {
    const now = new Map(this.#followed.map(({ pair, credentials }) => [idOf(pair), credentials]));
    return withCredentials(config, (pair, read) => now.get(idOf(pair)) ?? read);
  }

  #look(): void {
    const replaced = this.#followed.filter((each) => this.#isReplaced(each));
    if (replaced.length > 0) this.#o.changed();
  }

  #isReplaced(followed: Followed): boolean {
    const { certificate, key } = followed.pair;
    // Taken before they are read: what is written meanwhile makes another.
    const stamp = `${stampOf(certificate)} ${stampOf(key)}`;
    const isSettled = stamp === followed.seen;
    followed.seen = stamp;
    if (!isSettled || stamp === followed.read) return false;
    const credentials = this.#read(followed);
    if (credentials === undefined) return false;
    followed.read = stamp;
    const isOther = !isSame(credentials, followed.credentials);
    if (isOther || followed.fault !== '') this.#note(followed.pair, credentials);
    followed.fault = '';
    followed.credentials = credentials;
    return isOther;
  }

  #read(followed: Followed): Credentials | undefined {
    const { log } = this.#o;
    const { pair } = followed;
    const faults: string[] = [];
    const textOf = (member: keyof TlsPair, message: string, remedy: string): string =>
      `tls.${member}: ${message}; ${remedy}`;
    const credentials = readTls({
      ...pair,
      files: systemFiles,
      error: (...said) => void faults.push(textOf(...said)),
      warn: (...said) => log.warn({ ...pair, problem: textOf(...said) }, 'a key is there for others to read'),
    });
    const fault = faults.join('; ');
    if (credentials === undefined && fault !== followed.fault) {
      followed.fault = fault;
      log.error(
        { ...pair, problem: fault },
        'a new certificate cannot be used; the one before stays in force',
      );
    }
    return credentials;
  }

  #note(pair: TlsPair, { cert }: Credentials): void {
    const { subject, validToDate } = new X509Certificate(cert);
    const until = isoFromWall(validToDate.getTime());
    this.#o.log.info(
      { ...pair, subject, until },
      'a certificate is read: who connects from now on is shown it',
    );
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#followed = [];
  }
}

function idOf({ certificate, key }: TlsPair): string {
  return JSON.stringify([certificate, key]);
}

function isSame(a: Credentials, b: Credentials): boolean {
  return a.cert === b.cert && a.key === b.key;
}

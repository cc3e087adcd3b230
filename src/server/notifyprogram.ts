import type { Logger } from '../telemetry/log.ts';
import type { Clock } from '../util/clock.ts';

/** Of systemd: sends its arguments, and ends when systemd has read them. */
const PROGRAM = 'systemd-notify';
/** It waits for 5 s at most; one that cannot even send, as nobody reads the socket, would wait for ever. */
const RUN_MS = 8_000;

/** What a message is about: one that is newer makes what was said of it before void. */
export type Topic = 'state' | 'watchdog';

/**
 * Tells a service manager by a program, where there are no native calls: Node has no datagrams on unix sockets. One
 * runs at a time, and the last message of each topic waits for its end.
 */
export class NotifyProgram {
  readonly #socket: string;
  readonly #path: string | undefined;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #waiting = new Map<Topic, string>();
  #runs = 0;
  #state: 'idle' | 'running' | 'absent' = 'idle';
  #isFailureTold = false;

  /** `path` is where it is looked for, as PATH says it. */
  constructor(socket: string, path: string | undefined, clock: Clock, log: Logger) {
    this.#socket = socket;
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
  }

  /** `text` has a variable of sd_notify(3) a line. */
  send(topic: Topic, text: string): void {
    this.#waiting.set(topic, text);
    this.#next();
  }

  #next(): void {
    if (this.#state !== 'idle' || this.#waiting.size === 0) return;
    const variables = [...this.#waiting.values()].flatMap((text) => text.trimEnd().split('\n'));
    this.#waiting.clear();
    if (this.#runs++ === 0)
      this.#log.info(
        {},
        `the service manager is told by ${PROGRAM}, as koffi is not there: a unit needs NotifyAccess=all`,
      );
    this.#state = 'running';
    try {
      this.#run(variables);
    } catch (error) {
      this.#ended((error as Error).message);
    }
  }

  #run(variables: readonly string[]): void {
    // Loaded where it is needed only, which is hardly anywhere.
    const { spawn } = process.getBuiltinModule('node:child_process');
    const env = { NOTIFY_SOCKET: this.#socket, PATH: this.#path };
    const child = spawn(PROGRAM, variables, { env, stdio: 'ignore' });
    const killer = this.#clock.after(RUN_MS, () => child.kill('SIGKILL'));
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') this.#state = 'absent';
      resolve(error.message);
    });
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : `it ended with ${signal ?? code}`));
    // The daemon ends without it.
    child.unref();
    void promise.then((failure) => {
      killer.cancel();
      this.#ended(failure);
    });
  }

  #ended(failure: string | undefined): void {
    if (failure !== undefined && !this.#isFailureTold) {
      this.#isFailureTold = true;
      this.#log.warn({ failure }, this.#state === 'absent' ? ABSENT : FAILED);
    }
    if (this.#state === 'absent') return;
    this.#state = 'idle';
    this.#next();
  }
}

const ABSENT = `the service manager is not told that the service is ready, and will end it: neither koffi nor ${PROGRAM} is there; install one of them, or have Type=exec and no WatchdogSec= in the unit`;
const FAILED = `${PROGRAM} failed: the service manager may not know that the service is ready and alive; install koffi, which it is told by without a program`;

import type { Logger } from '../telemetry/log.ts';
import type { Clock, Timer } from '../util/clock.ts';
import type { Ffi } from '../util/ffi.ts';
import { NotifyProgram, type Topic } from './notifyprogram.ts';

/** In the time of the watchdog: a single look that comes late, or finds all workers busy for a moment, ends nothing. */
const LOOKS = 4;

export interface ServiceManagerParts {
  readonly ffi: Ffi | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a service manager is told (sd_notify(3)), by native calls or else by a program; nothing where none asked for it. */
export class ServiceManager {
  readonly #clock: Clock;
  readonly #send: ((topic: Topic, text: string) => void) | undefined;
  readonly #watchdogMs: number;

  /** Takes its variables out of `env`: they are for this process alone. */
  constructor(parts: ServiceManagerParts, env: NodeJS.ProcessEnv, pid: number) {
    this.#clock = parts.clock;
    this.#send = senderTo(env['NOTIFY_SOCKET'], env['PATH'], parts);
    const isOurs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid);
    const micros = isOurs ? Number(env['WATCHDOG_USEC'] ?? 0) : 0;
    this.#watchdogMs = Number.isSafeInteger(micros) ? micros / 1000 : 0;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC']) delete env[name];
  }

  /** `READY=1`, `RELOADING=1`, `STOPPING=1`, with `STATUS=` for a person. */
  tell(state: string, status: string): void {
    this.#send?.('state', `${state}\nSTATUS=${status}\n`);
  }

  /**
   * Looks from now on, four times in the time that the unit allows, whether the daemon is alive, and says so if it is.
   * Undefined: nobody wants to know.
   */
  keepWatched(isAlive: () => boolean): Timer | undefined {
    const send = this.#send;
    if (send === undefined || this.#watchdogMs <= 0) return undefined;
    return this.#clock.every(this.#watchdogMs / LOOKS, () => {
      if (isAlive()) send('watchdog', 'WATCHDOG=1\n');
    });
  }
}

function senderTo(
  socket: string | undefined,
  path: string | undefined,
  { ffi, clock, log }: ServiceManagerParts,
) {
  if (socket === undefined) return undefined;
  if (ffi !== undefined) return (_: Topic, text: string) => void ffi.sendUnix(socket, text);
  const program = new NotifyProgram(socket, path, clock, log);
  return (topic: Topic, text: string) => program.send(topic, text);
}

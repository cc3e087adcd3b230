import type { Clock, Timer } from '../util/clock.ts';
import type { Ffi } from '../util/ffi.ts';

/** In the time of the watchdog: a single look that comes late, or finds all workers busy for a moment, ends nothing. */
const LOOKS = 4;

/** What a service manager is told (sd_notify(3)); nothing where none asked for it, or there is no FFI. */
export class ServiceManager {
  readonly #ffi: Ffi | undefined;
  readonly #socket: string | undefined;
  readonly #watchdogMs: number;

  /** Takes its variables out of `env`: they are for this process alone. */
  constructor(ffi: Ffi | undefined, env: NodeJS.ProcessEnv, pid: number) {
    this.#ffi = ffi;
    this.#socket = env['NOTIFY_SOCKET'];
    const isOurs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid);
    const micros = isOurs ? Number(env['WATCHDOG_USEC'] ?? 0) : 0;
    this.#watchdogMs = Number.isSafeInteger(micros) ? micros / 1000 : 0;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC']) delete env[name];
  }

  /** `READY=1`, `RELOADING=1`, `STOPPING=1`, with `STATUS=` for a person. */
  tell(state: string, status: string): void {
    this.#send(`${state}\nSTATUS=${status}\n`);
  }

  /**
   * Looks from now on, four times in the time that the unit allows, whether the daemon is alive, and says so if it is.
   * Undefined: nobody wants to know.
   */
  keepWatched(clock: Clock, isAlive: () => boolean): Timer | undefined {
    if (this.#socket === undefined || this.#watchdogMs <= 0) return undefined;
    return clock.every(this.#watchdogMs / LOOKS, () => {
      if (isAlive()) this.#send('WATCHDOG=1\n');
    });
  }

  #send(text: string): void {
    if (this.#socket !== undefined) this.#ffi?.sendUnix(this.#socket, text);
  }
}

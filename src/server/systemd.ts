import type { Clock, Timer } from '../util/clock.ts';
import type { Ffi } from '../util/ffi.ts';

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
    this.#watchdogMs = Number.isFinite(micros) ? micros / 1000 : 0;
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC']) delete env[name];
  }

  /** `READY=1`, `RELOADING=1`, `STOPPING=1`, with `STATUS=` for a person. */
  tell(state: string, status: string): void {
    this.#send(`${state}\nSTATUS=${status}\n`);
  }

  /** Says from now on, twice in the time that the unit allows, that the main thread is alive. */
  keepWatched(clock: Clock): Timer | undefined {
    if (this.#watchdogMs <= 0) return undefined;
    return clock.every(this.#watchdogMs / 2, () => this.#send('WATCHDOG=1\n'));
  }

  #send(text: string): void {
    if (this.#socket !== undefined) this.#ffi?.sendUnix(this.#socket, text);
  }
}

import { performance } from 'node:perf_hooks';
import { TimerWheel, WHEEL_MS_MAX, WHEEL_MS_MIN } from './timerwheel.ts';

/**
 * Time, as an argument. Everything below `server/` takes a `Clock`, so that whole resolutions run in
 * simulated time. Only this file reads the system's clocks or makes timers (enforced by test/tidy.test.ts).
 */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start. TTLs, timeouts and RTTs use only this. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC. Logs, cookies and signature validity use only this. */
  wall(): number;
  /** Calls `fn` once after `ms` milliseconds. The timer never keeps the process alive. */
  after(ms: number, fn: () => void): Timer;
  /** Calls `fn` each `ms` milliseconds until cancelled. The timer never keeps the process alive. */
  every(ms: number, fn: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;
  constructor(handle: NodeJS.Timeout) {
    this.#handle = handle;
  }
  cancel(): void {
    clearTimeout(this.#handle);
  }
}

const nodeTimers: Pick<Clock, 'now' | 'after'> = {
  now: () => performance.now(),
  after: (ms, fn) => new SystemTimer(setTimeout(fn, ms).unref()),
};
const wheel = new TimerWheel(nodeTimers);

class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }
  wall(): number {
    return Date.now();
  }
  after(ms: number, fn: () => void): Timer {
    return (ms >= WHEEL_MS_MIN && ms <= WHEEL_MS_MAX ? wheel : nodeTimers).after(ms, fn);
  }
  every(ms: number, fn: () => void): Timer {
    return new SystemTimer(setInterval(fn, ms).unref());
  }
}

/**
 * Time goes on with the wall clock, so that TTLs pass when that is put forward; put back, it stands still for the
 * moment. Timers are as they are.
 */
class WallClock extends SystemClock {
  #wall = Date.now();
  #now = 0;

  override now(): number {
    const wall = Date.now();
    this.#now += Math.max(0, wall - this.#wall);
    this.#wall = wall;
    return this.#now;
  }
}

/**
 * One reading of a clock for all that is done at one moment: a reading costs about as much as a tenth of an answer from
 * cache. Time stands still between updates, so whoever begins something calls `update` first.
 */
export class CoarseClock implements Clock {
  readonly #clock: Clock;
  #now = 0;
  #wall = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.update();
  }
  update(): void {
    this.#now = this.#clock.now();
    this.#wall = this.#clock.wall();
  }
  now(): number {
    return this.#now;
  }
  wall(): number {
    return this.#wall;
  }
  after(ms: number, fn: () => void): Timer {
    return this.#clock.after(ms, fn);
  }
  every(ms: number, fn: () => void): Timer {
    return this.#clock.every(ms, fn);
  }
}

/** Threads inherit the environment of the process, and with it one kind of clock. */
export const CLOCK_VARIABLE = 'CAUSEWAY_CLOCK';

/** The system's clock as the environment variable says. Throws Error for what it cannot say. */
export function clockFor(setting: string | undefined): Clock {
  switch (setting) {
    case undefined:
    case '':
      return new SystemClock();
    case 'wall':
      return new WallClock();
    default:
      throw new Error(`${CLOCK_VARIABLE} is ${JSON.stringify(setting)}; it can be wall, or not be set`);
  }
}

export const systemClock: Clock = clockFor(process.env[CLOCK_VARIABLE]);

interface ManualTimer {
  at: number;
  readonly sequence: number;
  /** 0: once. */
  readonly every: number;
  readonly fn: () => void;
}

/** A clock that moves only when told to: timers fire in order of their time, then of their making. */
export class ManualClock implements Clock {
  #now = 0;
  #sequence = 0;
  readonly #epoch: number;
  /** The next one last: simulations have thousands. */
  readonly #timers: ManualTimer[] = [];

  /** @param epoch wall time in milliseconds at `now() === 0` */
  constructor(epoch = 1_700_000_000_000) {
    this.#epoch = epoch;
  }
  now(): number {
    return this.#now;
  }
  wall(): number {
    return this.#epoch + this.#now;
  }
  after(ms: number, fn: () => void): Timer {
    return this.#add(ms, 0, fn);
  }
  every(ms: number, fn: () => void): Timer {
    return this.#add(ms, Math.max(1, ms), fn);
  }
  #add(ms: number, every: number, fn: () => void): Timer {
    const timer = { at: this.#now + Math.max(0, ms), sequence: this.#sequence++, every, fn };
    this.#insert(timer);
    return { cancel: () => this.#remove(timer) };
  }
  #insert(timer: ManualTimer): void {
    this.#timers.splice(this.#placeOf(timer), 0, timer);
  }
  #remove(timer: ManualTimer): void {
    const place = this.#placeOf(timer);
    if (this.#timers[place] === timer) this.#timers.splice(place, 1);
  }
  /** How many fire after it. */
  #placeOf({ at, sequence }: ManualTimer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#timers[middle]!;
      if (other.at > at || (other.at === at && other.sequence > sequence)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  /** Time of the next timer, or undefined when none is set. */
  next(): number | undefined {
    return this.#timers.at(-1)?.at;
  }
  /** Moves time forward by `ms`, firing every timer on the way. */
  advance(ms: number): void {
    const target = this.#now + ms;
    for (let at = this.next(); at !== undefined && at <= target; at = this.next()) {
      const due = this.#timers.pop()!;
      this.#now = Math.max(this.#now, at);
      if (due.every > 0) {
        due.at = this.#now + due.every;
        this.#insert(due);
      }
      due.fn();
    }
    this.#now = target;
  }
}

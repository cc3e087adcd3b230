import type { Clock, Timer } from './clock.ts';

/** Alarms ring at the next multiple of this after their time. */
export const TICK_MS = 8;
/** A power of two: 8 s go round once. */
const SLOTS = 1024;
/** What is shorter would be late by more than a fifth of it. */
export const WHEEL_MS_MIN = 5 * TICK_MS;
/** What is longer would go round more than once. */
export const WHEEL_MS_MAX = (SLOTS - 2) * TICK_MS;

/**
 * Timers for what is mostly over before its time, as waiting for replies is: each question sets two or three and cancels
 * them. A timer of Node's takes 240 octets and 0.2 us, one of these a quarter of that.
 *
 *     slots    a ring of lists, one for each tick of the next 8 s: set and cancelled without looking at any other
 *     wake     one timer of the clock's, for the first slot that had something in it
 *
 * Never early, and late by a tick at most. In the order of their ticks, then of their making.
 */
export class TimerWheel {
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  /** Each list begins and ends with an alarm that never rings. */
  readonly #slots = Array.from({ length: SLOTS }, () => new Alarm(0, undefined));
  /** All up to this tick have rung. */
  #rung = 0;
  #wake: Timer | undefined = undefined;
  #wakesAt = 0;

  constructor(clock: Pick<Clock, 'now' | 'after'>) {
    this.#clock = clock;
  }

  /** @param ms from WHEEL_MS_MIN to WHEEL_MS_MAX */
  after(ms: number, fn: () => void): Timer {
    const now = this.#clock.now();
    const tick = Math.ceil((now + ms) / TICK_MS);
    const alarm = new Alarm(tick, fn);
    alarm.standBefore(this.#slotOf(tick));
    if (this.#wake === undefined || tick < this.#wakesAt) this.#wakeAt(tick, now);
    return alarm;
  }

  #slotOf(tick: number): Alarm {
    return this.#slots[tick & (SLOTS - 1)]!;
  }

  #wakeAt(tick: number, now: number): void {
    this.#wake?.cancel();
    this.#wakesAt = tick;
    // Its time may be over: those that were rung before it may have taken long.
    this.#wake = this.#clock.after(Math.max(0, Math.ceil(tick * TICK_MS - now)), () => this.#turn());
  }

  #turn(): void {
    this.#wake = undefined;
    const now = Math.floor(this.#clock.now() / TICK_MS);
    try {
      // Nobody has waited for longer than one round.
      for (let tick = Math.max(this.#rung + 1, now - SLOTS + 1); tick <= now; tick++) {
        ring(this.#slotOf(tick), now);
        this.#rung = tick;
      }
    } finally {
      this.#sleep();
    }
  }

  /** Until the next slot with something in it. */
  #sleep(): void {
    for (let tick = this.#rung + 1; tick <= this.#rung + SLOTS; tick++) {
      if (this.#slotOf(tick).isAlone) continue;
      if (this.#wake === undefined || tick < this.#wakesAt) this.#wakeAt(tick, this.#clock.now());
      return;
    }
  }
}

/** Rings those of a list whose time has come. */
function ring(slot: Alarm, now: number): void {
  let alarm = slot.next;
  while (alarm !== slot) {
    if (alarm.tick > now) {
      alarm = alarm.next;
      continue;
    }
    alarm.ring();
    // Whoever was rung may have cancelled the next one.
    alarm = slot.next;
  }
}

class Alarm implements Timer {
  readonly tick: number;
  next: Alarm = this;
  #before: Alarm = this;
  #fn: (() => void) | undefined;

  constructor(tick: number, fn: (() => void) | undefined) {
    this.tick = tick;
    this.#fn = fn;
  }

  get isAlone(): boolean {
    return this.next === this;
  }

  standBefore(other: Alarm): void {
    this.next = other;
    this.#before = other.#before;
    this.#before.next = this;
    other.#before = this;
  }

  ring(): void {
    const fn = this.#fn;
    this.cancel();
    fn?.();
  }

  /** Idempotent: alone it is its own neighbour. */
  cancel(): void {
    this.next.#before = this.#before;
    this.#before.next = this.next;
    this.next = this.#before = this;
    this.#fn = undefined;
  }
}

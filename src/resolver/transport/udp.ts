import type { Clock } from '../../util/clock.ts';
import type { Ffi } from '../../util/ffi.ts';
import type { Prng } from '../../util/prng.ts';
import type { UdpWay } from '../../util/watch.ts';
import type { Exchange, Listener, Send } from '../transport.ts';
import { NativeUdp } from './udpnative.ts';
import { PlainUdp } from './udpplain.ts';
import { failLater, type UdpSockets } from './udpsockets.ts';

/** Open at once in one worker: each in-flight question has about one. Bounds file descriptors. */
export const UDP_SOCKETS_MAX = 4096;

export interface UdpOptions {
  readonly clock: Clock;
  readonly prng: Prng;
  /** Native calls, where there are any. */
  readonly ffi?: Ffi | undefined;
  /** A set (`Ffi.openWatch`) that outlives this thread, with what a predecessor left open in it. */
  readonly watch?: number | undefined;
}

/**
 * Exchanges by UDP: with native sockets where these have been seen to work, with Node's until then and elsewhere.
 * Both ways do the same (test/resolver/transport/udp.test.ts holds them against one list), at different prices.
 */
export class UdpTransport implements UdpSockets {
  readonly #clock: Clock;
  readonly #plain: PlainUdp;
  #native: NativeUdp | undefined = undefined;
  #state: 'open' | 'closed' = 'open';
  /** Resolves when it is known which way is taken. */
  readonly way: Promise<UdpWay>;

  constructor(options: UdpOptions) {
    this.#clock = options.clock;
    this.#plain = new PlainUdp(options.clock, options.prng);
    this.way = options.ffi === undefined ? Promise.resolve('plain') : this.#prove(options, options.ffi);
  }

  get open(): number {
    return this.#plain.open + (this.#native?.open ?? 0);
  }

  exchange(send: Send, listener: Listener): Exchange {
    if (this.open >= UDP_SOCKETS_MAX) return failLater(this.#clock, listener, 'EMFILE');
    return (this.#native ?? this.#plain).exchange(send, listener);
  }

  begin(start: () => void): void {
    if (this.#native === undefined) start();
    else this.#native.begin(start);
  }

  /** What is under way by native sockets fails. */
  close(): void {
    this.#state = 'closed';
    // Who asks again at once is to have a socket that somebody reads.
    const native = this.#native;
    this.#native = undefined;
    native?.close();
  }

  async #prove(options: UdpOptions, ffi: Ffi): Promise<UdpWay> {
    const native = NativeUdp.make({ ...options, ffi, broken: () => this.close() });
    if (native === undefined) return 'plain';
    const works = await native.works();
    if (works && this.#state === 'open') {
      this.#native = native;
      return 'native';
    }
    native.close();
    return 'plain';
  }
}

import type { Clock } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import type { Exchange, Listener, Send, Transport } from '../transport.ts';
import { TcpTransport } from './tcp.ts';
import { UdpTransport } from './udp.ts';

/** The network itself. One per worker. */
export class Transports implements Transport {
  readonly udp: UdpTransport;
  readonly tcp: TcpTransport;

  constructor(options: { clock: Clock; prng: Prng }) {
    this.udp = new UdpTransport(options.clock, options.prng);
    this.tcp = new TcpTransport(options.clock, options.prng);
  }

  exchange(send: Send, listener: Listener): Exchange {
    return this[send.protocol].exchange(send, listener);
  }

  /** Ends what is kept open between queries. */
  close(): void {
    this.tcp.close();
  }
}

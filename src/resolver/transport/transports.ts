import type { Exchange, Listener, Send, Transport } from '../transport.ts';
import { TcpTransport } from './tcp.ts';
import { type UdpOptions, UdpTransport } from './udp.ts';

/** The network itself. One per worker. */
export class Transports implements Transport {
  readonly udp: UdpTransport;
  readonly tcp: TcpTransport;

  constructor(options: UdpOptions) {
    this.udp = new UdpTransport(options);
    this.tcp = new TcpTransport(options.clock, options.prng);
  }

  exchange(send: Send, listener: Listener): Exchange {
    return this[send.protocol].exchange(send, listener);
  }

  begin(start: () => void): void {
    this.udp.begin(start);
  }

  /** Ends what is kept open between queries. */
  close(): void {
    this.udp.close();
    this.tcp.close();
  }
}

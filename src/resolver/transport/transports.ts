import type { Count } from '../env.ts';
import type { Exchange, Listener, Send, Transport } from '../transport.ts';
import { TcpTransport } from './tcp.ts';
import { type UdpOptions, UdpTransport } from './udp.ts';

/** The network itself. One per worker. */
export class Transports implements Transport {
  readonly udp: UdpTransport;
  readonly tcp: TcpTransport;

  constructor(options: UdpOptions & { readonly count?: Count }) {
    this.udp = new UdpTransport(options);
    this.tcp = new TcpTransport(options.clock, options.prng, options.count);
  }

  exchange(send: Send, listener: Listener): Exchange {
    return (send.protocol === 'udp' ? this.udp : this.tcp).exchange(send, listener);
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

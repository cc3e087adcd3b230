import type { Socket } from 'node:net';
import type { Clock } from '../util/clock.ts';

export interface HelloOptions {
  readonly socket: Socket;
  readonly clock: Clock;
  /** For all of it to come; whoever takes longer is cut off. */
  readonly withinMs: number;
  readonly read: (hello: Hello) => void;
  /** There is none, or too late, or the client left behind it: the socket is closed. */
  readonly failed: () => void;
}

/** What a client said first, and more maybe. Until it is handed over the client is listened to, and may leave. */
export interface Hello {
  readonly octets: Buffer;
  /** The socket is as if nobody had read it. Whoever reads on has to begin in the same turn. */
  handOver(): void;
}

/** A record's type, version and length (RFC 8446 section 5.1). */
const HEADER_OCTETS = 5;
const HANDSHAKE = 22;
/** No record may be longer (RFC 8446 section 5.1). */
const RECORD_OCTETS_MAX = HEADER_OCTETS + (1 << 14);

/**
 * Reads the first record of a client, which has its ClientHello, before TLS does. What is none is handed on as it is: it is
 * for TLS to refuse. No handshake comes of a client that sends no more than that (RFC 8446 section 2, RFC 5246 section 7.3),
 * and its end, once read from the socket, would never be heard of by TLS.
 */
export function readHello({ socket, clock, withinMs, read, failed }: HelloOptions): void {
  let octets: Buffer = Buffer.alloc(0);
  let state: 'partial' | 'whole' = 'partial';
  const leave = (): void => {
    deadline.cancel();
    socket.off('data', receive).off('end', giveUp).off('close', leave);
  };
  const handOver = (): void => {
    leave();
    socket.pause();
    if (octets.length > 0) socket.unshift(octets);
  };
  const receive = (chunk: Buffer): void => {
    octets = Buffer.concat([octets, chunk]);
    if (octets.length >= RECORD_OCTETS_MAX) socket.pause();
    if (state === 'whole' || octets.length < lengthOf(octets)) return;
    state = 'whole';
    deadline.cancel();
    read({ octets, handOver });
  };
  const giveUp = (): void => {
    leave();
    socket.destroy();
    failed();
  };
  const deadline = clock.after(withinMs, giveUp);
  socket.on('data', receive).once('end', giveUp).once('close', leave);
  // It stands still behind a proxy's header.
  socket.resume();
}

/** How many octets the first record has, as far as that can be known yet. */
function lengthOf(octets: Buffer): number {
  if (octets[0] !== HANDSHAKE) return 0;
  if (octets.length < HEADER_OCTETS) return HEADER_OCTETS;
  return Math.min(HEADER_OCTETS + octets.readUInt16BE(3), RECORD_OCTETS_MAX);
}

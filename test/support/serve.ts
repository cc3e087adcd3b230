/** Puts a behaviour of the simulated network on real sockets: UDP and TCP, one address and port. */
import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { WireError } from '../../src/wire/error.ts';
import { readMessage } from '../../src/wire/message.ts';
import { nameToText } from '../../src/wire/name.ts';
import { typeToText } from '../../src/wire/rdata/table.ts';
import type { Behaviour, SimQuery } from './simnet.ts';
import { framed } from './sockets.ts';

export interface Served {
  stop(): Promise<void>;
}

const RECEIVE_OCTETS = 1 << 21;

export async function serve(
  behaviour: Behaviour,
  { address, port }: { address: string; port: number },
): Promise<Served> {
  let number = 0;
  const handle = (
    bytes: Uint8Array,
    protocol: SimQuery['protocol'],
    from: number,
    reply: SimQuery['reply'],
  ): void => {
    const message = readOrNothing(bytes);
    if (message?.question === undefined) return;
    const { name, type } = message.question;
    const text = { name: nameToText(name), type: typeToText(type) };
    behaviour({
      bytes,
      message,
      protocol,
      ...text,
      at: performance.now(),
      port: from,
      number: ++number,
      reply,
    });
  };
  const udp = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_OCTETS });
  udp.on('message', (bytes, from) =>
    handle(bytes, 'udp', from.port, (reply) => udp.send(reply, from.port, from.address)),
  );
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    eachFrame(socket, (bytes) =>
      handle(bytes, 'tcp', socket.remotePort ?? 0, (reply) => void socket.write(framed(reply))),
    );
  });
  await new Promise<void>((resolve) => udp.bind(port, address, resolve));
  await new Promise<void>((resolve) => tcp.listen(port, address, resolve));
  return {
    stop: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => udp.close(resolve));
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
    },
  };
}

function readOrNothing(bytes: Uint8Array): SimQuery['message'] | undefined {
  try {
    return readMessage(bytes);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function eachFrame(socket: Socket, frame: (bytes: Uint8Array) => void): void {
  let got = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    got = Buffer.concat([got, chunk]);
    while (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) {
      const length = got.readUInt16BE(0);
      frame(new Uint8Array(got.subarray(2, 2 + length)));
      got = got.subarray(2 + length);
    }
  });
}

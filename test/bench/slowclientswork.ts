/**
 * Clients that are slow, in a process of their own: `node slowclientswork.ts JSON`. Each connects, ends TLS where that is
 * spoken, and sends an octet a second of a message that it never ends; when it is turned away or cut off it comes again
 * after a while. Tells how they fared when its input ends.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface SlowWork {
  readonly clients: number;
  /** From being turned away to coming again. They come for the first time one after the other within that. */
  readonly againSeconds: number;
  /** What they speak, in turns. */
  readonly ports: readonly { readonly kind: 'tcp' | 'dot' | 'doh'; readonly port: number }[];
}

export interface SlowTaken {
  readonly connected: number;
  readonly shaken: number;
  /** Closed by the server. */
  readonly ended: number;
  /** The most at one time. */
  readonly open: number;
}

const OCTET_MS = 1_000;
/** From one address, as most servers have a limit for it. */
const PER_ADDRESS = 20;
const ALPN = { dot: ['dot'], doh: ['h2'] } as const;
/** The length of a message and the beginning of one; the beginning of HTTP/2. */
const OCTETS = {
  tcp: Buffer.alloc(2 + 300, 1),
  dot: Buffer.alloc(2 + 300, 1),
  doh: Buffer.from('PRI * HTTP/2.0\r\n\r\n'),
};

const { clients, againSeconds, ports } = JSON.parse(process.argv[2]!) as SlowWork;
const againMs = 1000 * againSeconds;
let [connected, shaken, ended, open, most] = [0, 0, 0, 0, 0];
let isOver = false;
const sockets = new Set<Socket>();

for (let i = 0; i < clients; i++) setTimeout(() => come(i), (i * againMs) / clients);
process.stdin.resume();
process.stdin.on('end', () => {
  isOver = true;
  for (const socket of sockets) socket.destroy();
  process.stdout.write(JSON.stringify({ connected, shaken, ended, open: most } satisfies SlowTaken), () =>
    process.exit(0),
  );
});

function come(client: number): void {
  if (isOver) return;
  const { kind, port } = ports[client % ports.length]!;
  const address = Math.floor(client / PER_ADDRESS);
  const localAddress = `127.${1 + (address >> 16)}.${(address >> 8) & 255}.${1 + (address & 127)}`;
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  const stream =
    kind === 'tcp'
      ? socket
      : connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: [...ALPN[kind]] });
  sockets.add(socket);
  socket.once('connect', () => {
    connected++;
    most = Math.max(most, ++open);
    socket.once('close', () => open--);
  });
  let sent = 0;
  const timer = setInterval(() => {
    if (stream.writable && sent < OCTETS[kind].length) stream.write(OCTETS[kind].subarray(sent, ++sent));
  }, OCTET_MS);
  if (kind !== 'tcp') stream.once('secureConnect', () => shaken++);
  for (const each of new Set([socket, stream])) each.on('error', () => undefined);
  socket.once('close', () => {
    clearInterval(timer);
    sockets.delete(socket);
    if (isOver) return;
    ended++;
    setTimeout(() => come(client), againMs);
  });
}

import { createSocket } from 'node:dgram';
import { connect, isIP } from 'node:net';
import packet, { type DecodedPacket } from 'dns-packet';
import { systemClock } from '../util/clock.ts';
import { cryptoPrng } from '../util/prng.ts';
import { FLAG, MESSAGE_OCTETS_MAX, UDP_PAYLOAD } from '../wire/constants.ts';
import { encodeQuery } from '../wire/message.ts';
import type { Name } from '../wire/name.ts';
import { CliError } from './command.ts';

/** A try by UDP waits that long, and there are that many; dig's figures. */
const TIMEOUT_MS = 5_000;
const TRIES = 3;

/** One question to one server. */
export interface Question {
  readonly server: string;
  readonly port: number;
  readonly name: Name;
  readonly type: number;
  readonly flags: number;
  readonly dnssec: boolean;
  readonly tcp: boolean;
  /** How often it is asked by UDP; 3 unless told otherwise. */
  readonly tries?: number;
}

export interface Reply {
  readonly decoded: DecodedPacket;
  readonly rcode: number;
  readonly octets: number;
  readonly question: Question;
  readonly transport: 'udp' | 'tcp';
  readonly ms: number;
}

/** By UDP unless told otherwise, and again by TCP where the reply is truncated (RFC 7766 section 5). */
export async function exchange(question: Question): Promise<Reply> {
  const start = systemClock.now();
  const id = cryptoPrng.below(65_536);
  const message = encodeQuery({
    id,
    name: question.name,
    type: question.type,
    flags: question.flags,
    edns: { payload: UDP_PAYLOAD, version: 0, dnssecOk: question.dnssec, options: [] },
  });
  let transport: 'udp' | 'tcp' = question.tcp ? 'tcp' : 'udp';
  let reply = await (question.tcp ? byTcp(question, message) : byUdp(question, message));
  if (transport === 'udp' && (reply[2]! & (FLAG.TC >> 8)) !== 0) {
    transport = 'tcp';
    reply = await byTcp(question, message);
  }
  const ms = systemClock.now() - start;
  const decoded = decode(reply, question);
  return { decoded, rcode: rcodeOf(reply, decoded), octets: reply.length, question, transport, ms };
}

function decode(reply: Buffer, { server, port }: Question): DecodedPacket {
  try {
    return packet.decode(reply);
  } catch (error) {
    throw new CliError(
      `the reply of ${server} port ${port} does not decode: ${(error as Error).message}`,
      'ask with another tool, such as dig',
    );
  }
}

function rcodeOf(reply: Buffer, decoded: DecodedPacket): number {
  const opt = decoded.additionals?.find((record) => record.type === 'OPT');
  const upper = opt?.type === 'OPT' ? opt.extendedRcode : 0;
  return (upper << 4) | (reply[3]! & 0x0f);
}

/** The reply must come from where the query went (a connected socket) and carry its ID and question. */
function isReplyTo(message: Uint8Array, reply: Buffer): boolean {
  const isResponse = reply.length >= 12 && (reply[2]! & (FLAG.QR >> 8)) !== 0;
  return isResponse && reply[0] === message[0] && reply[1] === message[1];
}

async function byUdp(question: Question, message: Uint8Array): Promise<Buffer> {
  for (let attempt = 0; attempt < (question.tries ?? TRIES); attempt++) {
    const reply = await tryUdp(question, message);
    if (reply !== undefined) return reply;
  }
  throw silent(question);
}

function tryUdp({ server, port }: Question, message: Uint8Array): Promise<Buffer | undefined> {
  return new Promise((done, fail) => {
    const socket = createSocket(isIP(server) === 6 ? 'udp6' : 'udp4');
    const timer = systemClock.after(TIMEOUT_MS, () => end(() => done(undefined)));
    const end = (settle: () => void): void => {
      timer.cancel();
      socket.removeAllListeners('message').removeAllListeners('connect');
      socket.close();
      settle();
    };
    let open = true;
    const once = (settle: () => void): void => {
      if (open) end(settle);
      open = false;
    };
    socket.on('error', (error) => once(() => fail(networkError(server, port, error))));
    socket.on('message', (reply) => {
      if (isReplyTo(message, reply)) once(() => done(reply));
    });
    socket.connect(port, server, () => socket.send(message));
  });
}

function byTcp(question: Question, message: Uint8Array): Promise<Buffer> {
  const { server, port } = question;
  return new Promise((done, fail) => {
    const socket = connect({ host: server, port });
    const timer = systemClock.after(TIMEOUT_MS, () => socket.destroy(silent(question)));
    let held = Buffer.alloc(0);
    socket.on('connect', () => {
      socket.write(Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]));
    });
    socket.on('data', (chunk: Buffer) => {
      if (held.length + chunk.length > MESSAGE_OCTETS_MAX + 2) return socket.destroy();
      held = Buffer.concat([held, chunk]);
      const wanted = held.length < 2 ? Number.POSITIVE_INFINITY : held.readUInt16BE(0) + 2;
      if (held.length < wanted) return undefined;
      const reply = held.subarray(2, wanted);
      socket.end();
      return isReplyTo(message, reply)
        ? done(reply)
        : fail(networkError(server, port, new Error('odd reply')));
    });
    socket.on('error', (error) =>
      fail(error instanceof CliError ? error : networkError(server, port, error)),
    );
    socket.on('close', () => {
      timer.cancel();
      fail(networkError(server, port, new Error('closed without an answer')));
    });
  });
}

function silent({ server, port }: Question): CliError {
  return new CliError(
    `${server} port ${port} does not answer`,
    'check the address, the port and the access list',
  );
}

function networkError(server: string, port: number, error: NodeJS.ErrnoException): CliError {
  const what = error.code === 'ECONNREFUSED' ? 'nothing listens there' : error.message;
  return new CliError(`${server} port ${port}: ${what}`, 'name a server with @SERVER and a port with -p');
}

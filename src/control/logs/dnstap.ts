import type { ClientTransport } from '../../telemetry/queryrecord.ts';
import { frame } from './framestreams.ts';
import type { Logged } from './plan.ts';
import { ProtobufWriter } from './protobuf.ts';

/** Numbers of dnstap.proto (dnstap.info). */
export const CONTENT_TYPE = 'protobuf:dnstap.Dnstap';

const DNSTAP = { IDENTITY: 1, VERSION: 2, EXTRA: 3, MESSAGE: 14, TYPE: 15 } as const;
const TYPE_MESSAGE = 1;
const MESSAGE = {
  TYPE: 1,
  SOCKET_FAMILY: 2,
  SOCKET_PROTOCOL: 3,
  QUERY_ADDRESS: 4,
  QUERY_PORT: 6,
  QUERY_TIME_SEC: 8,
  QUERY_TIME_NSEC: 9,
  QUERY_MESSAGE: 10,
  RESPONSE_TIME_SEC: 12,
  RESPONSE_TIME_NSEC: 13,
  RESPONSE_MESSAGE: 14,
} as const;
const MESSAGE_TYPE = {
  client: { query: 5, response: 6 },
  authority: { query: 1, response: 2 },
} as const;
const FAMILY = { INET: 1, INET6: 2 } as const;
const PROTOCOL: Readonly<Record<ClientTransport, number>> = { udp: 1, tcp: 2, dot: 3, doh: 4 };

const version = Buffer.from('causeway');

/** The frames of an answered query: what was asked, and what was answered. */
export function dnstapFrames(logged: Logged): Buffer {
  const { record, owner } = logged;
  const types = MESSAGE_TYPE[owner.zone === undefined ? 'client' : 'authority'];
  const asked = record.wall - record.elapsed;
  const query = message(logged, types.query);
  time(query, MESSAGE.QUERY_TIME_SEC, asked).bytes(MESSAGE.QUERY_MESSAGE, record.query);
  const response = message(logged, types.response);
  time(response, MESSAGE.QUERY_TIME_SEC, asked);
  time(response, MESSAGE.RESPONSE_TIME_SEC, record.wall).bytes(MESSAGE.RESPONSE_MESSAGE, record.message);
  return Buffer.concat([query, response].map((each) => frame(envelope(logged, each.finish()))));
}

/** What both messages have. */
function message({ record }: Logged, type: number): ProtobufWriter {
  const { address, port, transport } = record;
  return new ProtobufWriter()
    .number(MESSAGE.TYPE, type)
    .number(MESSAGE.SOCKET_FAMILY, address.length === 4 ? FAMILY.INET : FAMILY.INET6)
    .number(MESSAGE.SOCKET_PROTOCOL, PROTOCOL[transport])
    .bytes(MESSAGE.QUERY_ADDRESS, address)
    .number(MESSAGE.QUERY_PORT, port);
}

/** Seconds, and the nanoseconds beyond them, which have the next number. */
function time(writer: ProtobufWriter, field: number, wall: number): ProtobufWriter {
  const seconds = Math.floor(wall / 1000);
  return writer.number(field, seconds).fixed32(field + 1, (wall - seconds * 1000) * 1_000_000);
}

/** `extra` is whose the query was: the id of the VPC, or of the zone. */
function envelope({ owner, node }: Logged, message: Uint8Array): Uint8Array {
  return new ProtobufWriter()
    .bytes(DNSTAP.IDENTITY, Buffer.from(node))
    .bytes(DNSTAP.VERSION, version)
    .bytes(DNSTAP.EXTRA, Buffer.from(owner.zone?.id ?? owner.view.vpc))
    .bytes(DNSTAP.MESSAGE, message)
    .number(DNSTAP.TYPE, TYPE_MESSAGE)
    .finish();
}

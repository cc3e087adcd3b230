import type { ClientTransport } from '../telemetry/queryrecord.ts';

/**
 * Who asked, as the socket says: never what the query says of itself (no ECS, no header decides a view or an ACL). One
 * object may serve for one query after the other: it is valid until `handle` has returned, and who needs it longer
 * keeps a copy.
 */
export interface Client {
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  readonly port: number;
  readonly transport: ClientTransport;
  /** Index into the snapshot's endpoints. */
  readonly endpoint: number;
}

/**
 * What to send back; undefined: say nothing. Bytes that are returned at once are valid until the next call of
 * `handle`, those of a promise are the receiver's own. The query's bytes are not needed after `handle` has returned.
 */
export type Reply = Uint8Array | undefined;

/** A copy of its own. */
export function keptClient({ address, port, transport, endpoint }: Client): Client {
  return { address: address.slice(), port, transport, endpoint };
}

/** The packet pipeline as transports see it: framing is off, one message at a time. It never throws. */
export interface QueryHandler {
  /** To be called before the first `handle` of each batch: all its queries come at this moment. */
  begin(): void;
  /** @param length octets of the query, if there is more behind it */
  handle(query: Uint8Array, client: Client, length?: number): Reply | Promise<Reply>;
}

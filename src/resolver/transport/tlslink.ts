import { createHash, type X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import type { Count } from '../env.ts';
import { isIpv6, type SecureProtocol, type TlsPeer } from '../path.ts';
import type { SecureSend } from '../transport.ts';
import type { Fault, Open, Opening } from './carrier.ts';
import { type DialOptions, dial } from './dial.ts';
import { type AttemptEvents, familiesInTurn, race } from './race.ts';

/** From the first packet to the end of a handshake, at whichever address. */
export const HANDSHAKE_MS = 5_000;
/** Servers whose certificates, sessions and ways are remembered. */
const PEERS_MAX = 1_024;
/** Sessions of one server: each is used once (RFC 8446 section C.4), and TLS 1.3 servers send two at a time. */
const SESSIONS_PER_PEER_MAX = 4;
/** For so long after a certificate was looked at; RFC 8446 section 4.6.1 allows seven days. */
const SESSION_MS_MAX = 3_600_000;

/** RFC 7301, RFC 7858 section 3.2, RFC 9113 section 3.1. */
const ALPN: Readonly<Record<SecureProtocol, string>> = { dot: 'dot', doh: 'h2' };

interface Session {
  readonly ticket: Buffer;
  /** Wall clock: the same for all that a session leads to. */
  readonly until: number;
}

/** Makes TLS connections to servers that are what they are expected to be, and resumes sessions with them. */
export class TlsLinks {
  readonly clock: Clock;
  readonly count: Count;
  readonly #prng: Prng;
  readonly #contexts = new LRUCache<string, SecureContext>({ max: PEERS_MAX });
  readonly #sessions = new LRUCache<string, Session[]>({ max: PEERS_MAX });
  /** The address that a handshake ended well at last. */
  readonly #ways = new LRUCache<string, string>({ max: PEERS_MAX });

  constructor(clock: Clock, prng: Prng, count: Count) {
    this.clock = clock;
    this.count = count;
    this.#prng = prng;
  }

  /** A server is who it is expected to be at one of its addresses: all are tried, until one of them is. */
  open(protocol: SecureProtocol, port: number, { peer, sources }: SecureSend): Open<TLSSocket> {
    return (events) => {
      const attempt = (address: string, attemptEvents: AttemptEvents<TLSSocket>): Opening =>
        new Handshake(
          this,
          { protocol, peer, address, port, source: this.#sourceFor(address, sources) },
          attemptEvents,
        );
      const { clock } = this;
      return race(
        { addresses: this.#inOrder(peer), withinMs: HANDSHAKE_MS, clock, attempt },
        {
          opened: (socket) => events.opened(socket),
          failed: (fault) => {
            this.count('upstream_tls_failed');
            this.#ways.delete(peer.key);
            // A session that the server does not like any more is not to be in the way of the next try.
            this.#sessions.delete(peer.key);
            events.failed(fault);
          },
        },
      );
    };
  }

  #inOrder(peer: TlsPeer): string[] {
    const known = this.#ways.get(peer.key);
    const addresses = familiesInTurn(peer.addresses);
    return known === undefined ? addresses : [known, ...addresses.filter((each) => each !== known)];
  }

  #sourceFor(address: string, sources: readonly string[]): string | undefined {
    const fit = sources.filter((source) => isIpv6(source) === isIpv6(address));
    return fit.length === 0 ? undefined : fit[this.#prng.below(fit.length)];
  }

  /** A handshake with who is at this address ended well. */
  keepWay({ key }: TlsPeer, address: string): void {
    this.#ways.set(key, address);
  }

  /** RFC 9325 section 3.1.1: nothing below TLS 1.2. */
  contextOf({ key, ca }: TlsPeer): SecureContext {
    let context = this.#contexts.get(key);
    if (context === undefined) {
      context = createSecureContext({ minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca: ca.pem }) });
      this.#contexts.set(key, context);
    }
    return context;
  }

  /** A session that was not used yet. */
  takeSession({ key }: TlsPeer): Session | undefined {
    const sessions = this.#sessions.get(key) ?? [];
    for (let newest = sessions.pop(); newest !== undefined; newest = sessions.pop())
      if (newest.until > this.clock.wall()) return newest;
    return undefined;
  }

  keepSession({ key }: TlsPeer, session: Session): void {
    const sessions = this.#sessions.get(key) ?? [];
    sessions.push(session);
    this.#sessions.set(key, sessions.slice(-SESSIONS_PER_PEER_MAX));
  }
}

interface HandshakeOptions extends DialOptions {
  readonly protocol: SecureProtocol;
  readonly peer: TlsPeer;
}

/** With one address: connecting, shaking hands, then held against what the peer must be; only then is there a stream. */
class Handshake implements Opening {
  readonly #links: TlsLinks;
  readonly #o: HandshakeOptions;
  readonly #events: AttemptEvents<TLSSocket>;
  #step: Opening;
  #state: 'under way' | 'over' = 'under way';

  constructor(links: TlsLinks, options: HandshakeOptions, events: AttemptEvents<TLSSocket>) {
    this.#links = links;
    this.#o = options;
    this.#events = events;
    this.#step = dial(options, {
      opened: (socket) => this.#secure(socket),
      failed: (fault) => this.#fail(fault),
    });
  }

  cancel(): void {
    this.#state = 'over';
    this.#step.cancel();
  }

  #fail({ failure, detail }: Fault): void {
    if (this.#state === 'over') return;
    this.cancel();
    const { peer, address } = this.#o;
    // A target is called by the first of its addresses.
    const where = peer.addresses.length > 1 ? ` (at ${address})` : '';
    this.#events.failed({ failure, detail: detail && `${detail}${where}` });
  }

  #secure(raw: Socket): void {
    const { peer, protocol } = this.#o;
    const { name } = peer;
    const session = this.#links.takeSession(peer);
    const socket = connect({
      socket: raw,
      secureContext: this.#links.contextOf(peer),
      ALPNProtocols: [ALPN[protocol]],
      // RFC 6066 section 3: an address is not sent.
      ...(name !== undefined && isIP(name) === 0 ? { servername: name } : {}),
      ...(session === undefined ? {} : { session: session.ticket }),
      // With a pin alone there is no name and nobody who vouches for it: `#judge` asks for the key.
      rejectUnauthorized: name !== undefined,
      checkServerIdentity: (_, certificate) => checkName(name, certificate),
    });
    const cancel = (): void => {
      socket.destroy();
      raw.destroy();
    };
    this.#step = { cancel };
    this.#events.progressed();
    let fault: Fault = { failure: 'tls', detail: 'the connection was closed in the handshake' };
    const closed = (): void => this.#fail(fault);
    socket.on('error', (error: NodeJS.ErrnoException) => (fault = faultOf(error, peer)));
    socket.on('close', closed);
    const early: Buffer[] = [];
    socket.on('session', (ticket) => early.push(ticket));
    socket.once('secureConnect', () => {
      if (this.#state === 'over') return;
      const wrong = this.#judge(socket);
      if (wrong !== undefined) {
        this.#fail(wrong);
        return;
      }
      socket.off('close', closed);
      this.#opened(socket, session, early);
    });
  }

  /** What is wrong with who is there. */
  #judge(socket: TLSSocket): Fault | undefined {
    const { peer, protocol } = this.#o;
    // A server of DNS over TLS may know nothing of ALPN; for HTTP/2 it must (RFC 9113 section 3.2).
    if (protocol === 'doh' && socket.alpnProtocol !== 'h2')
      return { failure: 'tls', detail: 'the server does not speak HTTP/2' };
    // It was judged when it was new, by the same measure: sessions are kept by all that a peer is. Only it can resume it.
    if (socket.isSessionReused()) return undefined;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return { failure: 'untrusted', detail: 'no certificate' };
    if (peer.name !== undefined && !socket.authorized)
      return { failure: 'untrusted', detail: 'certificate not authorized' };
    if (peer.pins.length > 0 && !peer.pins.includes(pinOf(certificate)))
      return { failure: 'untrusted', detail: 'the key of the certificate is none that is pinned' };
    return undefined;
  }

  #opened(socket: TLSSocket, resumed: Session | undefined, early: readonly Buffer[]): void {
    const { peer, address } = this.#o;
    this.#state = 'over';
    this.#links.keepWay(peer, address);
    const isReused = socket.isSessionReused();
    this.#links.count(isReused ? 'upstream_tls_resumed' : 'upstream_tls_full');
    const until = (isReused ? resumed?.until : undefined) ?? this.#links.clock.wall() + SESSION_MS_MAX;
    const keep = (ticket: Buffer): void => this.#links.keepSession(peer, { ticket, until });
    early.forEach(keep);
    // A session of TLS 1.2 may be used more often, and no other comes of it.
    if (isReused && resumed !== undefined && socket.getProtocol() === 'TLSv1.2') keep(resumed.ticket);
    socket.removeAllListeners('session');
    socket.on('session', keep);
    this.#events.opened(socket);
  }
}

/** Undefined: the certificate is for `name`. */
function checkName(name: string | undefined, certificate: PeerCertificate): Error | undefined {
  return name === undefined ? undefined : checkServerIdentity(name, certificate);
}

/** SHA-256 of the SubjectPublicKeyInfo in base64 (RFC 7858 section 4.2, RFC 7469 section 2.4). */
function pinOf({ publicKey }: X509Certificate): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

function misnamed({ name }: TlsPeer): Fault {
  return { failure: 'untrusted', detail: `certificate is not for ${name}` };
}

/** Messages of errors may have what the peer wrote: they are told by their codes. */
function faultOf({ code = '' }: NodeJS.ErrnoException, peer: TlsPeer): Fault {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return misnamed(peer);
  const untrusted = UNTRUSTED.get(code);
  if (untrusted !== undefined) return { failure: 'untrusted', detail: untrusted };
  if (code.startsWith('CERT_') || code.startsWith('UNABLE_TO_'))
    return { failure: 'untrusted', detail: code.toLowerCase().replaceAll('_', ' ') };
  if (code.startsWith('ERR_SSL_'))
    return { failure: 'tls', detail: code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ') };
  return { failure: 'tls', detail: 'the connection was closed in the handshake' };
}

const NOT_SIGNED = 'certificate is not signed by anybody who is trusted';

/** Codes of OpenSSL's verification. */
const UNTRUSTED: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'certificate has expired'],
  ['CERT_NOT_YET_VALID', 'certificate is not valid yet'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', NOT_SIGNED],
  ['SELF_SIGNED_CERT_IN_CHAIN', NOT_SIGNED],
  ['UNABLE_TO_GET_ISSUER_CERT', NOT_SIGNED],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', NOT_SIGNED],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', NOT_SIGNED],
]);

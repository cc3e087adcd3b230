import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { EndpointMonitor, HealthLatency } from '../../../view/health.ts';
import type { Attempt } from './attempt.ts';
import {
  faultOf,
  NEVER_FINAL,
  NO_BODY,
  NO_RESPONSE,
  NOT_DECODED,
  NOT_FOUND,
  statusReason,
  TIMED_OUT,
} from './reasons.ts';
import { searchBody } from './search.ts';

/** Route 53's: a connection within 4 s, a status within 2 s of it, the body within 2 s more. */
const CONNECT_MS = 4_000;
const STATUS_MS = 2_000;
const BODY_MS = 2_000;

/** Interim responses (RFC 9110 section 15.2) before the one that counts: who sends thousands keeps this thread busy. */
const INTERIM_MAX = 16;

const AGENT = 'Causeway-Health-Check';

/**
 * An endpoint's answer is looked at, not trusted: old protocols, short keys and any certificate will do. But for
 * Diffie-Hellman over a group of the server's own: with one of 8,192 bits a handshake takes 0.4 s of this thread.
 */
const TLS_OPTIONS = {
  rejectUnauthorized: false,
  minVersion: 'TLSv1',
  ciphers: 'DEFAULT:!kDHE:@SECLEVEL=0',
} as const;

/** Asks the endpoint at `address` as the check says. */
export function probeHttp(attempt: Attempt, monitor: EndpointMonitor, address: string): void {
  new HttpProbe(attempt, monitor, address).connect(monitor.serverName);
}

class HttpProbe {
  readonly #attempt: Attempt;
  readonly #monitor: EndpointMonitor;
  readonly #address: string;
  /** Of the handshake that counts: what one before says does not. */
  #socket: Socket | undefined;
  #begunAt = 0;
  #latency: { -readonly [Key in keyof HealthLatency]: HealthLatency[Key] } = { connectMs: 0 };

  constructor(attempt: Attempt, monitor: EndpointMonitor, address: string) {
    this.#attempt = attempt;
    this.#monitor = monitor;
    this.#address = address;
  }

  /** @param serverName what the TLS handshake asks for; undefined: it does not say */
  connect(serverName: string | undefined): void {
    const attempt = this.#attempt;
    attempt.release();
    this.#begunAt = attempt.clock.now();
    const socket = connect({ host: this.#address, port: this.#monitor.port, noDelay: true });
    this.#socket = socket;
    attempt.hold(() => socket.destroy());
    attempt.within(CONNECT_MS, TIMED_OUT);
    socket.on('error', (error) => this.#fail(socket, error));
    socket.on('connect', () => {
      this.#latency.connectMs = this.#lap();
      attempt.within(STATUS_MS, NO_RESPONSE);
      if (this.#monitor.protocol === 'https') this.#shakeHands(socket, serverName);
      else this.#ask(socket, socket);
    });
  }

  /**
   * Where the certificate is for other names, Route 53 shakes hands once more and does not say the name; so it is done
   * here where the handshake fails, as a server may refuse a name that it does not know.
   */
  #shakeHands(socket: Socket, serverName: string | undefined): void {
    const tls = tlsConnect({
      socket,
      ...TLS_OPTIONS,
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
    let isShaken = false;
    tls.on('error', (error: NodeJS.ErrnoException) => {
      const isRefused = !isShaken && serverName !== undefined;
      if (isRefused && this.#socket === socket && !this.#attempt.isOver) this.connect(undefined);
      else this.#fail(socket, error);
    });
    tls.on('secureConnect', () => {
      isShaken = true;
      this.#latency.tlsMs = this.#lap();
      if (serverName === undefined || isFor(tls, serverName)) this.#ask(socket, tls);
      else this.connect(undefined);
    });
  }

  #ask(socket: Socket, stream: Duplex): void {
    const { path, host, search } = this.#monitor;
    const headers = { host, 'user-agent': AGENT, accept: '*/*' };
    const encodings = search === undefined ? {} : { 'accept-encoding': 'gzip, deflate' };
    const outgoing: ClientRequest = request({
      createConnection: () => stream,
      path,
      headers: { ...headers, ...encodings },
      setHost: false,
    });
    outgoing.on('error', (error) => this.#fail(socket, error));
    let interim = 0;
    outgoing.on('information', () => {
      if (++interim > INTERIM_MAX) this.#attempt.fail(NEVER_FINAL);
    });
    outgoing.on('response', (response) => this.#judge(socket, response));
    // A protocol of its own is no answer; without a listener the library says nothing of it.
    outgoing.on('upgrade', ({ statusCode = 0 }) => this.#attempt.fail(statusReason(statusCode)));
    outgoing.end();
  }

  #judge(socket: Socket, response: IncomingMessage): void {
    const attempt = this.#attempt;
    if (attempt.isOver) return;
    this.#latency.firstByteMs = this.#lap();
    const code = response.statusCode ?? 0;
    const latency = this.#monitor.measureLatency ? this.#latency : undefined;
    response.on('error', (error) => this.#fail(socket, error));
    if (code < 200 || code > 399) attempt.fail(statusReason(code));
    else if (this.#monitor.search === undefined) attempt.pass(statusReason(code), latency);
    else {
      attempt.within(BODY_MS, NO_BODY);
      const free = searchBody(response, this.#monitor.search, (result) => {
        if (result === 'found') attempt.pass(statusReason(code), latency);
        else attempt.fail(result === 'absent' ? NOT_FOUND : NOT_DECODED);
      });
      attempt.hold(free);
    }
  }

  #fail(socket: Socket, error: NodeJS.ErrnoException): void {
    if (socket !== this.#socket) return;
    const { own, reason } = faultOf(error);
    if (own) this.#attempt.void(reason);
    else this.#attempt.fail(reason);
  }

  /** Milliseconds since the last lap, in tenths. */
  #lap(): number {
    const before = this.#begunAt;
    this.#begunAt = this.#attempt.clock.now();
    return Math.round((this.#begunAt - before) * 10) / 10;
  }
}

function isFor(tls: TLSSocket, name: string): boolean {
  try {
    return checkServerIdentity(name, tls.getPeerCertificate()) === undefined;
  } catch {
    return false; // names that cannot be read
  }
}

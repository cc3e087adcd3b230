import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { hostAddresses, isWildcard } from '../../server/addresses.ts';
import type { Logger } from '../../telemetry/log.ts';
import { isoFromWall } from '../../telemetry/text.ts';
import type { Clock, Timer } from '../../util/clock.ts';
import type { Prng } from '../../util/prng.ts';
import type { Credentials } from '../../view/snapshot.ts';
import { everyListen, type InboundConfig } from '../config/endpoints.ts';
import type { Config } from '../config/load.ts';
import { StateFile } from '../statefile.ts';
import { type CertificateNames, newKey, selfSigned } from './selfsigned.ts';

/** Its place in the state folder. */
export const OWN_NAME = 'self-signed.pem';
/** A key and a certificate take 2 KB, with as many addresses as there may be. */
const OCTETS_MAX = 64 * 1024;
const DAY_MS = 86_400_000;
/** Clients that were given the certificate itself have this long for the next. */
const RENEWED_BEFORE_MS = 30 * DAY_MS;
/** A clock that is set after the start may make the certificate one of another time. */
const LOOK_MS = 60_000;
/** What each handshake sends has to stay small, however many addresses a host has. */
const ADDRESSES_MAX = 64;

/** A certificate with its times, in milliseconds of the wall clock. */
interface Shown {
  readonly credentials: Credentials;
  readonly from: number;
  readonly until: number;
}

export interface OwnOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly prng: Prng;
  /** The certificate is to be renewed: it is, with the next configuration that is `completed`. */
  readonly changed: () => void;
  /** Tests bring their own. */
  readonly hostAddresses?: () => readonly string[];
}

/**
 * The certificate of a node that was given none, for its endpoints that speak TLS: made when the first of them is there,
 * kept in the state folder, and made anew before it ends or when the addresses are others. Its key stays, so that clients
 * who know the node by that (an SPKI pin, RFC 7858 section 4.2) notice none of this.
 */
export class OwnCertificate {
  readonly #o: OwnOptions;
  #file: StateFile | undefined;
  #shown: Shown | undefined;
  #timer: Timer | undefined;

  constructor(options: OwnOptions) {
    this.#o = options;
  }

  /** The configuration with the certificate where one is missing; it is made if there is none that is right. */
  completed(config: Config): Config {
    const endpoints = config.endpoints.inbound.filter(isWithout);
    if (endpoints.length === 0) {
      // What nobody is shown is not renewed.
      this.close();
      return config;
    }
    this.#ensure(config.stateFolder, this.#namesOf(config, endpoints));
    return this.tried(config);
  }

  /** The same with the certificate that is there, if one is: what is only tried makes none. */
  tried(config: Config): Config {
    if (this.#shown === undefined) return config;
    const { credentials } = this.#shown;
    const inbound = config.endpoints.inbound.map((each) =>
      isWithout(each) ? { ...each, credentials } : each,
    );
    return { ...config, endpoints: { ...config.endpoints, inbound } };
  }

  /** Clients that find the resolver by its address want the address of plain DNS in it too (RFC 9462 section 4.2). */
  #namesOf({ node }: Pick<Config, 'node'>, endpoints: readonly InboundConfig[]): CertificateNames {
    const { hostAddresses: ofHost = hostAddresses } = this.#o;
    const listen = endpoints.flatMap((each) => [...each.listen, ...everyListen(each)]);
    const addresses = listen.flatMap(({ address }) =>
      isWildcard(address) ? ofHost().filter((each) => each.includes(':') === address.includes(':')) : address,
    );
    const global = addresses.filter((address) => !address.includes('%'));
    return { name: node.name, addresses: [...new Set(global)].slice(0, ADDRESSES_MAX) };
  }

  #ensure(stateFolder: string, names: CertificateNames): void {
    const { clock, log } = this.#o;
    // As the state folder itself: another one counts from the next start on.
    const file = (this.#file ??= new StateFile(stateFolder, OWN_NAME, OCTETS_MAX));
    const isFirst = this.#shown === undefined;
    const before = this.#shown ?? this.#read(file);
    const isRight = before !== undefined && isFor(before, names) && this.#isFresh(before);
    const shown = isRight ? before : this.#make(file, before?.credentials.key ?? newKey(), names);
    this.#shown = shown;
    this.#timer ??= clock.every(LOOK_MS, () => this.#look());
    if (isRight && !isFirst) return;
    const what = isRight ? 'clients by TLS are shown' : 'a certificate was made for clients by TLS:';
    log.warn(
      { ...names, until: isoFromWall(shown.until), pin: pinOf(shown.credentials), file: file.path },
      `${what} a self-signed certificate, which none trusts that was not given it or its pin; write tls with files for one that they trust`,
    );
  }

  #make(file: StateFile, key: string, names: CertificateNames): Shown {
    const { clock, prng } = this.#o;
    const made = selfSigned(key, names, clock.wall(), prng);
    this.#write(file, made);
    return shownOf(made);
  }

  #isFresh({ from, until }: Shown): boolean {
    const wall = this.#o.clock.wall();
    return from <= wall && wall < until - RENEWED_BEFORE_MS;
  }

  #look(): void {
    if (this.#shown !== undefined && !this.#isFresh(this.#shown)) this.#o.changed();
  }

  /** Undefined where there is none, or nothing that can be used, which is said. */
  #read(file: StateFile): Shown | undefined {
    const { clock, log } = this.#o;
    try {
      const text = file.read();
      return text === undefined ? undefined : shownOf(credentialsIn(text));
    } catch (err) {
      log.error(
        { err, file: file.path },
        'the self-signed certificate cannot be used and is put aside; another one is made',
      );
      try {
        file.setAside(clock.wall());
      } catch {
        // Whether another can be written is seen at once.
      }
      return undefined;
    }
  }

  #write(file: StateFile, { cert, key }: Credentials): void {
    try {
      file.write(`${key}${cert}`);
    } catch (err) {
      const text = 'the self-signed certificate cannot be kept: another start makes one with another key';
      this.#o.log.error({ err, file: file.path }, text);
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

/** The SHA-256 of the public key in base64, as clients are given it (RFC 7469 section 2.4, RFC 7858 section 4.2). */
export function pinOf({ cert }: Pick<Credentials, 'cert'>): string {
  const key = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

function isWithout(endpoint: InboundConfig): boolean {
  const { credentials, protocols } = endpoint;
  return credentials === undefined && (protocols.includes('dot') || protocols.includes('doh'));
}

function shownOf(credentials: Credentials): Shown {
  const { validFromDate, validToDate } = new X509Certificate(credentials.cert);
  return { credentials, from: validFromDate.getTime(), until: validToDate.getTime() };
}

function isFor({ credentials }: Shown, { name, addresses }: CertificateNames): boolean {
  const parsed = new X509Certificate(credentials.cert);
  return (
    parsed.subject === `CN=${name}` && addresses.every((address) => parsed.checkIP(address) !== undefined)
  );
}

/** Throws Error for what this node has not written. */
function credentialsIn(text: string): Credentials {
  const at = text.indexOf('-----BEGIN CERTIFICATE-----');
  if (at < 0) throw new Error('there is no certificate in it');
  const [key, cert] = [text.slice(0, at), text.slice(at)];
  const publicKey = createPublicKey(key);
  if (!publicKey.equals(new X509Certificate(cert).publicKey)) throw new Error('the key is another one');
  return { cert, key };
}

import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:http';
import type { Logger } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { isoFromWall } from '../../telemetry/text.ts';
import type { Clock } from '../../util/clock.ts';
import { cryptoPrng } from '../../util/prng.ts';
import type { Credentials } from '../../view/snapshot.ts';
import type { Config } from '../config/load.ts';
import { TLS_VERSION_MIN } from '../config/tls.ts';
import type { Handlers } from './handler.ts';
import { Keys } from './keys.ts';

/** The server that is there, with what it was made of. */
interface Open {
  readonly server: Server;
  readonly settings: string;
  /** Of a server of HTTPS: gives new connections this certificate. */
  readonly renew: ((credentials: Credentials) => void) | undefined;
}

/** A change is made in milliseconds; the rest is for a client that has not said all of its request. */
const ANSWERS_MS_MAX = 1_000;
/** How often it is looked which connections have nothing under way any more. */
const LOOK_MS = 10;

export interface ApiDeskOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'add'>;
  /** Asked for where an API is served. */
  readonly handlers: () => Promise<Handlers>;
}

/** The part of control that has to do with the APIs: their keys, and the server while one is configured. */
export class ApiDesk {
  readonly #o: ApiDeskOptions;
  #keys: Keys | undefined;
  #accounts: Config['accounts'] = [];
  #open: Open | undefined;
  #credentials: Credentials | undefined;

  constructor(options: ApiDeskOptions) {
    this.#o = options;
  }

  /** Undefined while no configuration is in force. */
  get keys(): Keys | undefined {
    return this.#keys;
  }

  /** The first is whose keys are that name none. */
  get accounts(): Config['accounts'] {
    return this.#accounts;
  }

  /** An address that cannot be had is no reason not to answer queries. */
  async configure({ api, apiCredentials, accounts, stateFolder }: Config): Promise<void> {
    const { clock, log } = this.#o;
    this.#accounts = accounts;
    // As the state folder itself: another one counts from the next start on.
    this.#keys ??= new Keys({ folder: stateFolder, clock, prng: cryptoPrng, log });
    const settings = JSON.stringify(api);
    if (settings === this.#open?.settings) return this.#renew(apiCredentials);
    this.close();
    if (api === undefined) return;
    try {
      this.#open = { ...(await this.#listen(api, apiCredentials, this.#keys)), settings };
      const { address, port } = api.listen;
      log.info({ address, port, tls: apiCredentials !== undefined }, 'the API is served');
      this.#noteCertificate(apiCredentials);
    } catch (err) {
      log.error({ err, listen: api.listen }, 'the API cannot be served; choose another api.listen');
    }
  }

  /** What the server is made of is loaded where there is one: a tenth of a second that others do without. */
  async #listen(
    { listen, rateLimit }: NonNullable<Config['api']>,
    credentials: Credentials | undefined,
    keys: Keys,
  ): Promise<Pick<Open, 'server' | 'renew'>> {
    const { clock, log, metrics } = this.#o;
    const { Api } = await import('./server.ts');
    const { MemoryReplays } = await import('./replays.ts');
    const { Throttle } = await import('./throttle.ts');
    const api = new Api({
      clock,
      log,
      metrics,
      prng: cryptoPrng,
      keys: { find: (id) => this.#known(keys.find(id)) },
      throttle: new Throttle(clock, rateLimit),
      replays: new MemoryReplays(clock),
      handlers: await this.#o.handlers(),
    });
    const secure = credentials && api.secureServer(credentials);
    const server = secure ?? api.server();
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(listen.port, listen.address, () => {
        server.removeListener('error', fail);
        done();
      });
    });
    server.on('error', (err) => log.error({ err }, 'the API failed'));
    const renew =
      secure && ((by: Credentials) => secure.setSecureContext({ ...by, minVersion: TLS_VERSION_MIN }));
    return { server, renew };
  }

  /** Files of the same names may have another certificate. */
  #renew(credentials: Credentials | undefined): void {
    if (credentials === undefined || JSON.stringify(credentials) === JSON.stringify(this.#credentials))
      return;
    this.#open?.renew?.(credentials);
    this.#noteCertificate(credentials);
  }

  /** Clients refuse one whose time is not now; what that means for them, nobody here can know. */
  #noteCertificate(credentials: Credentials | undefined): void {
    this.#credentials = credentials;
    if (credentials === undefined) return;
    const { clock, log } = this.#o;
    const { subject, validFromDate, validToDate } = new X509Certificate(credentials.cert);
    const until = isoFromWall(validToDate.getTime());
    const isValid = validFromDate.getTime() <= clock.wall() && clock.wall() < validToDate.getTime();
    if (isValid) log.info({ subject, until }, 'the API has a certificate');
    else
      log.warn(
        { subject, from: isoFromWall(validFromDate.getTime()), until },
        'clients will refuse the certificate of the API: its time is not now',
      );
  }

  /** A key of an account that the configuration has no more is no key. */
  #known<Key extends { readonly account: string }>(key: Key | undefined): Key | undefined {
    return this.#accounts.some(({ id }) => id === key?.account) ? key : undefined;
  }

  /** Stops listening; what has been asked is answered, so that nobody has to guess whether a change was made. */
  async finish(): Promise<void> {
    const { clock } = this.#o;
    const server = this.#open?.server;
    if (server === undefined) return;
    const closed = new Promise<void>((done) => server.close(() => done()));
    // Connections are kept by clients that have had their answers.
    const look = clock.every(LOOK_MS, () => server.closeIdleConnections());
    await Promise.race([closed, new Promise<void>((done) => clock.after(ANSWERS_MS_MAX, done))]);
    look.cancel();
    this.close();
  }

  /** Stops listening; requests under way are cut off. */
  close(): void {
    this.#open?.server.close();
    this.#open?.server.closeAllConnections();
    this.#open = undefined;
  }
}

import type { Server } from 'node:http';
import type { Logger } from '../../telemetry/log.ts';
import type { Clock } from '../../util/clock.ts';
import { cryptoPrng } from '../../util/prng.ts';
import type { Config } from '../config/load.ts';
import type { Handlers } from './handler.ts';
import { Keys } from './keys.ts';

/** The part of control that has to do with the APIs: their keys, and the server while one is configured. */
export class ApiDesk {
  readonly #o: { readonly clock: Clock; readonly log: Logger; readonly handlers: Handlers };
  #keys: Keys | undefined;
  #accounts: Config['accounts'] = [];
  #open: { readonly server: Server; readonly settings: string } | undefined;

  constructor(options: { readonly clock: Clock; readonly log: Logger; readonly handlers: Handlers }) {
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
  async configure({ api, accounts, stateFolder }: Config): Promise<void> {
    const { clock, log } = this.#o;
    this.#accounts = accounts;
    // As the state folder itself: another one counts from the next start on.
    this.#keys ??= new Keys({ folder: stateFolder, clock, prng: cryptoPrng, log });
    const settings = JSON.stringify(api);
    if (settings === this.#open?.settings) return;
    this.close();
    if (api === undefined) return;
    try {
      this.#open = { server: await this.#listen(api, this.#keys), settings };
      log.info({ address: api.listen.address, port: api.listen.port }, 'the API is served');
    } catch (err) {
      log.error({ err, listen: api.listen }, 'the API cannot be served; choose another api.listen');
    }
  }

  /** What the server is made of is loaded where there is one: a tenth of a second that others do without. */
  async #listen({ listen, rateLimit }: NonNullable<Config['api']>, keys: Keys): Promise<Server> {
    const { clock, log, handlers } = this.#o;
    const { Api } = await import('./server.ts');
    const { MemoryReplays } = await import('./replays.ts');
    const { Throttle } = await import('./throttle.ts');
    const api = new Api({
      clock,
      log,
      prng: cryptoPrng,
      keys: { find: (id) => this.#known(keys.find(id)) },
      throttle: new Throttle(clock, rateLimit),
      replays: new MemoryReplays(clock),
      handlers,
    });
    const server = api.server();
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(listen.port, listen.address, () => {
        server.removeListener('error', fail);
        done();
      });
    });
    server.on('error', (err) => log.error({ err }, 'the API failed'));
    return server;
  }

  /** A key of an account that the configuration has no more is no key. */
  #known<Key extends { readonly account: string }>(key: Key | undefined): Key | undefined {
    return this.#accounts.some(({ id }) => id === key?.account) ? key : undefined;
  }

  /** Stops listening; requests under way are cut off. */
  close(): void {
    this.#open?.server.close();
    this.#open?.server.closeAllConnections();
    this.#open = undefined;
  }
}

import { TcpEndpoint } from '../../src/server/tcp.ts';
import { TcpClients, tcpClientsBuffer } from '../../src/server/tcpclients.ts';
import { NativeStreams } from '../../src/server/tcpnative.ts';
import { daemonCounters, Metrics } from '../../src/telemetry/metrics.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { type Ffi, loadFfi } from '../../src/util/ffi.ts';
import { cryptoPrng } from '../../src/util/prng.ts';
import { FD_OPEN } from '../../src/view/channel.ts';
import { freePort } from './ports.ts';
import { descriptor, Handler, sleep, TcpClient } from './sockets.ts';

const ffi = await loadFfi();

export interface Test {
  teardown(fn: () => void): void;
}

export interface Setting {
  readonly address?: string;
  readonly handler?: Handler;
  readonly admits?: (endpoint: number, address: Uint8Array) => boolean;
  readonly maxClients?: number;
  readonly interleave?: () => void;
  readonly isProxy?: () => boolean;
  /** A listening socket of which a duplicate is served. Default: one of its own. */
  readonly main?: { readonly fd: number; readonly port: number };
  /** Instead of that of this host, for native sockets. */
  readonly ffi?: Ffi;
  readonly watch?: number;
  /** It is as if its thread ended: what it has open is somebody else's to close. */
  readonly dies?: boolean;
}

/**
 * Whose the sockets are: Node opens them, is handed those that are open, or does nothing with them.
 */
export type Way = 'opened' | 'handed over' | 'native';

/** An endpoint on a port of its own, by a clock that is moved by hand; its index is 3. */
export async function serveTcp(t: Test, way: Way, setting: Setting = {}) {
  const { address = '127.0.0.1', handler = new Handler(), admits = () => true, maxClients = 1024 } = setting;
  const port = setting.main?.port ?? (await freePort(address));
  const counters = daemonCounters(1);
  const clients = new TcpClients(tcpClientsBuffer(1, maxClients), 0, 1);
  const clock = new ManualClock();
  const opened = (): number =>
    setting.main === undefined
      ? ffi!.open({ kind: 'tcp', address, port, sharing: 'shared' })
      : ffi!.duplicate(setting.main.fd);
  const { watch } = setting;
  const native = way === 'native' ? new NativeStreams({ ffi: setting.ffi ?? ffi!, clock, watch }) : undefined;
  const endpoint = new TcpEndpoint({
    descriptor: descriptor('tcp', address, port, way === 'opened' ? FD_OPEN : opened()),
    native,
    prng: cryptoPrng,
    ticketKeys: new Uint8Array(),
    endpoint: 3,
    handler,
    clients,
    metrics: new Metrics(counters.block(0)),
    clock,
    admits,
    interleave: setting.interleave,
    isProxy: setting.isProxy,
  });
  await endpoint.start();
  const open: TcpClient[] = [];
  t.teardown(() => {
    for (const client of open) client.destroy();
    if (setting.dies === true) return;
    endpoint.close();
    native?.close();
  });
  return {
    address,
    port,
    handler,
    endpoint,
    native,
    clients,
    clock,
    counters,
    async client(options: { localAddress?: string; read?: boolean } = {}) {
      const client = new TcpClient(address, port, options);
      open.push(client);
      await client.connected();
      return client;
    },
    /** Lets time pass in steps as small as the sweeps, with real turns of the event loop in between. */
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 100) {
        clock.advance(Math.min(100, ms - passed));
        await sleep(0);
      }
    },
  };
}

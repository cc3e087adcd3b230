import { connect, isIPv4 } from 'node:net';
import type { Clock } from '../../../util/clock.ts';
import type { Prng } from '../../../util/prng.ts';
import type { EndpointMonitor } from '../../../view/health.ts';
import { Attempt, type ProbeResult } from './attempt.ts';
import { probeHttp } from './http.ts';
import { DNS_FAILED, faultOf, TIMED_OUT } from './reasons.ts';

/** The IPv4 addresses of a name; rejects where there is none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

export interface ProbeEnv {
  readonly clock: Clock;
  readonly prng: Prng;
  readonly resolve: Resolve;
}

/** Route 53's, for TCP checks. */
const TCP_CONNECT_MS = 10_000;
/** As long as a connection may take. */
const RESOLVE_MS = 4_000;

/** Looks at an endpoint once and calls `done` once, later. Returns what gives it up. */
export function probe(
  monitor: EndpointMonitor,
  env: ProbeEnv,
  done: (result: ProbeResult) => void,
): () => void {
  const attempt = new Attempt(env.clock, done);
  if (monitor.address !== undefined) begin(attempt, monitor, monitor.address);
  else resolveFirst(attempt, monitor, monitor.name!, env);
  return () => attempt.giveUp();
}

function begin(attempt: Attempt, monitor: EndpointMonitor, address: string): void {
  if (monitor.protocol === 'tcp') probeTcp(attempt, monitor.port, address, monitor.measureLatency);
  else probeHttp(attempt, monitor, address);
}

/** Each time anew: the name may have other addresses by now. One of them is drawn. */
function resolveFirst(attempt: Attempt, monitor: EndpointMonitor, name: string, env: ProbeEnv): void {
  attempt.within(RESOLVE_MS, DNS_FAILED);
  env.resolve(name).then(
    (all) => {
      if (attempt.isOver) return;
      const addresses = all.filter((address) => isIPv4(address));
      const address = addresses[addresses.length === 0 ? 0 : env.prng.below(addresses.length)];
      if (address === undefined) attempt.fail(DNS_FAILED);
      else begin(attempt, monitor, address);
    },
    () => attempt.fail(DNS_FAILED),
  );
}

function probeTcp(attempt: Attempt, port: number, address: string, measures: boolean): void {
  const begun = attempt.clock.now();
  const socket = connect({ host: address, port });
  attempt.hold(() => socket.destroy());
  attempt.within(TCP_CONNECT_MS, TIMED_OUT);
  socket.on('error', (error) => {
    const { own, reason } = faultOf(error);
    if (own) attempt.void(reason);
    else attempt.fail(reason);
  });
  socket.on('connect', () => {
    const connectMs = Math.round((attempt.clock.now() - begun) * 10) / 10;
    attempt.pass('TCP connection established', measures ? { connectMs } : undefined);
  });
}

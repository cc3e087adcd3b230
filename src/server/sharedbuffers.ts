import { rateLimitBytes } from '../policy/ratelimit.ts';
import { daemonCounters } from '../telemetry/metrics.ts';
import { Dependencies } from '../util/deps.ts';
import { HealthBits } from '../util/healthbits.ts';
import { beatsFor } from '../util/heartbeat.ts';
import { tallyBuffer } from '../util/tally.ts';
import { SHARED_SLOTS, type SharedBuffers, WORKER_SLOTS_MAX } from '../view/channel.ts';
import { clientsWithin, openFilesMax } from './openfiles.ts';
import { tcpClientsBuffer } from './tcpclients.ts';

/** New ones, of the size that the largest configuration needs: they are there before one is read. */
export function sharedBuffers(): SharedBuffers {
  return {
    counters: daemonCounters(SHARED_SLOTS).buffer,
    dependencies: new Dependencies().buffer,
    health: new HealthBits().buffer,
    beats: beatsFor(SHARED_SLOTS),
    rateLimit: new SharedArrayBuffer(rateLimitBytes()),
    tcpClients: tcpClientsBuffer(WORKER_SLOTS_MAX, clientsWithin(openFilesMax())),
    waiting: tallyBuffer(WORKER_SLOTS_MAX),
    outstanding: tallyBuffer(WORKER_SLOTS_MAX),
  };
}

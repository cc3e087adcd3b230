import type { MessagePort } from 'node:worker_threads';
import type { FetchedKeys } from '../resolver/authorities.ts';
import type { UdpWay } from '../util/watch.ts';
import type { Posted } from './change.ts';
import type { Explanation } from './explain.ts';
import type { HealthCheckData } from './health.ts';
import type { QueryLogs } from './querylog.ts';
import type { CacheEntry, Duty, Flushed, WorkerCaches, WorkerStatus } from './report.ts';
import type { Snapshot } from './snapshot.ts';
import type { TopKind, TopSketch } from './top.ts';
import type { WhatIfQuestion, WorkerWhatIf } from './whatif.ts';

/**
 * Everything that threads say to each other. Main starts the others, owns the sockets and hands out ports;
 * control compiles and publishes; workers serve; health makes health checks; logs writes what is logged of queries.
 *
 *     main    → control  ControlOrder      control → main   ControlNews
 *     main    → worker   WorkerOrder       worker  → main   WorkerNews
 *     control → worker   WorkerCall        worker  → control WorkerAnswer    (over a port that main makes for the pair)
 *     control → health   HealthCall         health  → control HealthAnswer    (likewise; view/health.ts)
 *     main    → health   HealthOrder
 *     main    → logs     LogsOrder
 *     worker  → logs     telemetry/queryrecord                               (a ring of main's for each slot)
 *     worker ↔ signatures  dnssec/checkbatch                                 (a thread of each worker's own; server/signatures)
 *     worker ↔ worker    server/ownership                                    (over a port that main makes for the pair)
 *
 * A new configuration goes through these hands:
 *
 *     control  compiles; news `snapshot`            nothing is in force yet
 *     main     opens the sockets that are new; order `sockets` to control. A failure ends it here: all is as before.
 *              Keeps the snapshot for workers that it starts from now on; order `sockets` to the workers, which
 *              begin to read a socket once they serve a snapshot that has its endpoint
 *     control  calls each worker with the snapshot; once all serve it, bumps the dependencies of what changed
 *              (earlier, a worker could store an answer made of old data under a new generation); calls health with
 *              the checks (earlier, a slot that is no longer used could be one that a worker reads); news `settled`
 */

/** A listening socket as a worker gets it; one is told from another by all but its endpoint and `fd`. */
export interface Descriptor {
  readonly kind: 'udp' | 'tcp';
  /** What is spoken there: plain DNS, or DNS over TLS or HTTPS, which are TCP to the kernel. */
  readonly protocol: 'do53' | 'dot' | 'doh';
  /** The id of the snapshot's endpoint: its index may differ from one snapshot to the next. */
  readonly endpoint: string;
  /** With `%` and the interface where it is link-local. */
  readonly address: string;
  readonly port: number;
  /** Which of the address's sockets it is, as a worker may look after those of another slot for a while. */
  readonly slot: number;
  /** A duplicate that is the worker's from now on, or one of the two below. */
  readonly fd: number;
}

/** A socket of an endpoint that may be closed, which cannot be opened at the moment. */
export interface MissingSocket {
  readonly kind: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
  /** One line. */
  readonly why: string;
}

/** `Descriptor.fd`: the worker has this socket already and goes on with it. */
export const FD_KEPT = -1;
/** `Descriptor.fd`: the worker opens the socket itself (SO_REUSEPORT), as there is no FFI. */
export const FD_OPEN = -2;

/** Workers beyond this are not started: the shared buffers below are sized before the configuration is read. */
export const WORKERS_MAX = 64;
/** Those that end TLS are beside them; see server/duty. */
export const WORKER_SLOTS_MAX = 2 * WORKERS_MAX;
/** Where control's, main's, health's and logs' own cells are in `counters` and `beats`, behind those of the workers. */
export const CONTROL_SLOT = WORKER_SLOTS_MAX;
export const MAIN_SLOT = WORKER_SLOTS_MAX + 1;
export const HEALTH_SLOT = WORKER_SLOTS_MAX + 2;
export const LOGS_SLOT = WORKER_SLOTS_MAX + 3;
export const SHARED_SLOTS = WORKER_SLOTS_MAX + 4;

/** Buffers that all threads of the process share. */
export interface SharedBuffers {
  /** telemetry/metrics: SHARED_SLOTS blocks. */
  readonly counters: SharedArrayBuffer;
  /** util/deps */
  readonly dependencies: SharedArrayBuffer;
  /** util/healthbits */
  readonly health: SharedArrayBuffer;
  /** util/heartbeat: SHARED_SLOTS beats. */
  readonly beats: SharedArrayBuffer;
  /** policy/ratelimit */
  readonly rateLimit: SharedArrayBuffer;
  /** server/clients: TCP clients of the process. */
  readonly tcpClients: SharedArrayBuffer;
  /** util/tally: questions that wait, of each client. */
  readonly waiting: SharedArrayBuffer;
  /** util/tally: queries that are out, at each target of a rule. */
  readonly outstanding: SharedArrayBuffer;
}

/**
 * Where a worker's sockets are watched together (`Ffi.openWatch`): main's, so that the next worker of the slot can
 * close what this one leaves open.
 */
export interface Watches {
  /** By UDP. */
  readonly listening: number;
  /** By TCP: listening, and clients' connections. */
  readonly streams: number;
  readonly upstream: number;
}

/** Of the keys that session tickets of TLS are sealed with, as Node takes them. */
export const TICKET_KEYS_OCTETS = 48;
/** How long a session can be resumed. */
export const TICKET_MS = 2 * 60 * 60 * 1000;

/** TICKET_KEYS_OCTETS each: by them any worker resumes what another one began. */
export interface TicketKeys {
  readonly current: Uint8Array;
  /** Of tickets that still hold: for them alone. */
  readonly previous?: Uint8Array;
}

/** What a worker begins with: an order, as its thread may be there before this is known. */
export interface WorkerStart {
  readonly slot: number;
  /** Number of workers that own questions: those in slots below it; see server/duty. */
  readonly workers: number;
  readonly snapshot: Snapshot;
  readonly descriptors: readonly Descriptor[];
  /** Undefined: there is no FFI. */
  readonly watches: Watches | undefined;
  readonly shared: SharedBuffers;
  /** Drawn at start of the process: which worker owns a question, and what the loop token is. */
  readonly seed: number;
  readonly loopToken: Uint8Array;
  readonly ticketKeys: TicketKeys;
  readonly cookieSecrets: { readonly current: Uint8Array; readonly previous?: Uint8Array };
  /** util/ring: queries for the log. The slot's: what one worker has written is read when it is gone. */
  readonly queries: SharedArrayBuffer;
}

export type WorkerOrder =
  /** The first: what it is to serve. */
  | { readonly order: 'start'; readonly start: WorkerStart }
  /** A port to control, or to the worker in `slot`, each replacing the one before. */
  | { readonly order: 'control'; readonly port: MessagePort }
  | { readonly order: 'peer'; readonly slot: number; readonly port: MessagePort }
  /** All sockets that the worker is to have from now on: it adopts what is new and closes what is not here. */
  | { readonly order: 'sockets'; readonly descriptors: readonly Descriptor[] }
  /** Others than before, from now on. */
  | { readonly order: 'ticket-keys'; readonly keys: TicketKeys }
  /** Stop reading, finish what is in flight within `withinMs`, and say so; others may still ask what is the worker's to know. */
  | { readonly order: 'stop'; readonly withinMs: number }
  /** All have finished: exit. */
  | { readonly order: 'leave' };

export type WorkerNews =
  /** It reads its sockets. */
  | { readonly news: 'ready'; readonly udp: UdpWay }
  /** A socket that it was to open or adopt is not there; it goes on with the others. */
  | { readonly news: 'socket-failed'; readonly failure: string }
  /** The thread that checks signatures for it; it does so itself until there is another. */
  | { readonly news: 'signatures-failed'; readonly why: string }
  /** It owes its clients nothing, or no time is left. */
  | { readonly news: 'finished' };

/** `workerData` of the control thread. */
export interface ControlStart {
  /** Absolute. */
  readonly configFile: string;
  /** It is read again whenever it changes. */
  readonly isFollowed: boolean;
  readonly shared: SharedBuffers;
  /**
   * What workers serve, when this control replaces one that died: revisions count on from it, and contexts and
   * keys that it uses are not given to other things, as the workers' caches still know them. Workers' ports
   * follow as orders.
   */
  readonly inForce: Snapshot | undefined;
}

export type ControlOrder =
  /** The configuration is to be read again (SIGHUP). */
  | { readonly order: 'reload' }
  /** A worker is there; it serves `revision` and is called with what is newer. Replaces the port before. */
  | {
      readonly order: 'worker';
      readonly slot: number;
      readonly duty: Duty;
      readonly revision: number;
      readonly port: MessagePort;
    }
  | { readonly order: 'worker-gone'; readonly slot: number }
  /** The health thread is there. Replaces the port before. */
  | { readonly order: 'health'; readonly port: MessagePort }
  /** Result of opening the sockets of the snapshot that control proposed. */
  | { readonly order: 'sockets'; readonly revision: number; readonly failure?: string }
  /** All sockets that are missing from now on: told before `sockets`, and when it changes later. */
  | { readonly order: 'missing'; readonly sockets: readonly MissingSocket[] }
  /** Close what is open to the outside, then exit. */
  | { readonly order: 'stop' };

export type ControlNews =
  /** A compiled snapshot, proposed; a change is one of the last that main took. `workers` (node.workers, `auto` counted out) matters at the start only. */
  | { readonly news: 'snapshot'; readonly snapshot: Posted; readonly workers: number }
  /** A reload has begun; `settled` follows. */
  | { readonly news: 'reloading' }
  /** It is over: the snapshot in force is `revision`, the new one or, where that was refused, the one before. */
  | { readonly news: 'settled'; readonly revision: number }
  /**
   * Nothing can be served: the first configuration has errors, each of which is one line, or, where there is a
   * reason, that is why.
   */
  | { readonly news: 'failed'; readonly errors: readonly string[]; readonly reason?: string };

/** `workerData` of the health thread. */
export interface HealthStart {
  readonly shared: SharedBuffers;
  /** Name of the node: that of this checker. */
  readonly node: string;
  /** Looks that may be under way at a time: each may hold a descriptor. */
  readonly looksMax: number;
  /** What a health thread that died has made: it goes on from what the bits say. Empty at first. */
  readonly checks: readonly HealthCheckData[];
}

/** A port to control, beside those before. */
export interface HealthOrder {
  readonly port: MessagePort;
}

/** `workerData` of the logs thread. */
export interface LogsStart {
  readonly shared: SharedBuffers;
  /** Rings of all workers. */
  readonly rings: readonly SharedArrayBuffer[];
  readonly logs: QueryLogs;
}

export type LogsOrder =
  /** What is logged from now on; it comes before any worker has it. */
  | { readonly order: 'logs'; readonly logs: QueryLogs }
  /** Open the files anew (SIGHUP): somebody may have moved them. */
  | { readonly order: 'reopen' }
  /** Write what the rings hold, then exit. */
  | { readonly order: 'stop' };

/** What control asks of a worker. Names are in wire form. */
export type Ask =
  | { readonly ask: 'status' }
  | { readonly ask: 'cache-stats' }
  | { readonly ask: 'cache-dump'; readonly limit: number }
  | {
      readonly ask: 'cache-flush';
      readonly name: Uint8Array;
      readonly subtree: boolean;
      readonly vpc?: string;
    }
  | {
      readonly ask: 'explain';
      readonly name: Uint8Array;
      readonly type: number;
      readonly vpc: string;
      readonly client?: string;
      /** How many leading bits of `client` are known; absent: all. */
      readonly bits?: number;
      readonly live: boolean;
    }
  /**
   * Which of `questions`, or of the last ones that this worker was asked, another snapshot would answer otherwise, with
   * health as in `health` (util/healthbits).
   */
  | {
      readonly ask: 'what-if';
      readonly snapshot: Snapshot;
      readonly health: SharedArrayBuffer;
      readonly questions?: readonly WhatIfQuestion[];
    }
  /** What was asked most, or who asked most. */
  | { readonly ask: 'top'; readonly kind: TopKind }
  /** The DNSKEY RRset of an anchored zone, by the path with this context; for RFC 5011. */
  | { readonly ask: 'keys'; readonly zone: Uint8Array; readonly context: number };

/** The answer to each kind of Ask. */
export interface Answers {
  readonly status: WorkerStatus;
  readonly 'cache-stats': WorkerCaches;
  readonly 'cache-dump': readonly CacheEntry[];
  readonly 'cache-flush': Flushed;
  readonly explain: Explanation;
  readonly 'what-if': WorkerWhatIf;
  readonly top: TopSketch;
  readonly keys: FetchedKeys;
}

export type WorkerCall =
  | { readonly id: number; readonly ask: Ask }
  /** A new snapshot to serve; answered with its revision once every query begins in it. A change is one of what it serves. */
  | { readonly id: number; readonly snapshot: Posted };

export type WorkerAnswer =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly serving: number }
  | { readonly id: number; readonly error: string };

import { unreachable } from '../util/assert.ts';
import type { Clock } from '../util/clock.ts';
import { type Ffi, type SocketError, type SocketKind, socketText } from '../util/ffi.ts';
import { closeRemains } from '../util/watch.ts';
import { type Descriptor, FD_KEPT, FD_OPEN, type MissingSocket, type Watches } from '../view/channel.ts';
import type { InboundEndpoint, ListenAddress } from '../view/snapshot.ts';
import { canonicalAddress, hostAddresses, isWildcard } from './addresses.ts';
import { dutyFor, dutyOf } from './duty.ts';

/**
 * Main's side of the listening sockets. Each address is opened once per worker of its duty, and transport, with
 * SO_REUSEPORT, and stays open here whatever happens to the worker: its successor adopts a duplicate of the same
 * kernel socket, with the queue that has gathered there, so that no client's flow falls into a hole.
 *
 *     place     udp 127.0.0.1:53 of endpoint in-1
 *       fds     first worker │ second │ …   one for each, or none (no FFI); as many as there are where systemd passed them
 *
 * A wildcard becomes one place for each address of the host, so that a reply leaves from the address that was
 * asked; `refresh` follows addresses that come and go.
 */
interface Place {
  readonly kind: SocketKind;
  readonly protocol: Descriptor['protocol'];
  /** Id of the endpoint. */
  readonly endpoint: string;
  readonly address: string;
  readonly port: number;
  /** `wildcard`: may be missing, as the host's other addresses still serve. `optional`: may be missing. */
  readonly from: 'address' | 'wildcard' | 'optional';
}

interface Opened extends Place {
  readonly fds: readonly number[];
}

/** A socket that was there before us; see `passedSockets`. */
export interface PassedSocket {
  readonly kind: SocketKind;
  readonly address: string;
  readonly port: number;
  readonly fd: number;
}

/** What `apply` and `refresh` did, each as `udp 127.0.0.1:53`; `failed` with the reason. */
export interface SocketChanges {
  readonly opened: readonly string[];
  readonly closed: readonly string[];
  readonly failed: readonly string[];
}

/** Twice the time that a worker keeps an address that was given up, for the answers that it owes. */
const OWN_REMAINS_MS = 10_000;

export class Sockets {
  readonly #ffi: Ffi | undefined;
  /** Number of workers of each duty. */
  readonly workers: number;
  readonly #passed: readonly PassedSocket[];
  readonly #hostAddresses: () => string[];
  readonly #clock: Clock;
  /** When addresses were given up. */
  readonly #closedAt = new Map<string, number>();
  #endpoints: readonly InboundEndpoint[] = [];
  #opened = new Map<string, Opened>();
  #failed: readonly string[] = [];
  #missing: readonly MissingSocket[] = [];
  /** By slot. */
  readonly #watches: Watches[] = [];
  /** What the kernel had dropped by the last look, by descriptor. */
  readonly #drops = new Map<number, number>();
  /** By sockets that were closed since the last call of `newDrops`. */
  #lastDrops = 0;

  constructor(options: {
    ffi: Ffi | undefined;
    workers: number;
    clock: Clock;
    passed?: readonly PassedSocket[];
    hostAddresses?: () => string[];
  }) {
    this.#ffi = options.ffi;
    this.workers = options.workers;
    this.#clock = options.clock;
    this.#passed = options.passed ?? [];
    this.#hostAddresses = options.hostAddresses ?? hostAddresses;
  }

  /** What endpoints that may be closed want and do not have. */
  get missing(): readonly MissingSocket[] {
    return this.#missing;
  }

  /**
   * Opens what is new and closes what is gone. Where an address that is named cannot be opened, or no address of
   * a wildcard, nothing changes: throws SocketError. Those of endpoints that may be closed are `missing` then.
   */
  apply(endpoints: readonly InboundEndpoint[]): SocketChanges {
    const changes = this.#change(endpoints);
    this.#endpoints = endpoints;
    return changes;
  }

  /** Follows the host's addresses. A failure that lasts is told once. Never throws. */
  refresh(): SocketChanges {
    const known = new Set(this.#failed);
    try {
      const changes = this.#change(this.#endpoints);
      return { ...changes, failed: changes.failed.filter((failure) => !known.has(failure)) };
    } catch (error) {
      const failure = (error as Error).message;
      this.#failed = [failure];
      return { opened: [], closed: [], failed: known.has(failure) ? [] : [failure] };
    }
  }

  #change(endpoints: readonly InboundEndpoint[]): SocketChanges {
    const wanted = this.#placesOf(endpoints);
    const added: Opened[] = [];
    const errors: SocketError[] = [];
    const missing: MissingSocket[] = [];
    try {
      for (const [key, place] of wanted)
        if (!this.#opened.has(key)) this.#tryOpen(place, added, errors, missing);
      const inUse = [...wanted.keys()].some((key) => this.#opened.has(key)) || added.length > 0;
      if (!inUse && errors.length > 0) throw errors[0];
    } catch (error) {
      for (const opened of added) this.#close(opened);
      throw error;
    }
    const closed = [...this.#opened.values()].filter((opened) => !wanted.has(socketText(opened)));
    for (const opened of closed) this.#close(opened);
    const next = new Map<string, Opened>();
    for (const [key, place] of wanted) {
      const kept = this.#opened.get(key);
      if (kept !== undefined) next.set(key, { ...place, fds: kept.fds });
    }
    for (const opened of added) next.set(socketText(opened), opened);
    this.#opened = next;
    this.#failed = [...errors.map((error) => error.message), ...missing.map(({ why }) => why)];
    this.#missing = missing;
    return { opened: added.map(socketText), closed: closed.map(socketText), failed: this.#failed };
  }

  #tryOpen(place: Place, added: Opened[], errors: SocketError[], missing: MissingSocket[]): void {
    try {
      added.push(this.#open(place));
    } catch (error) {
      const { kind, address, port, from } = place;
      switch (from) {
        case 'address':
          throw error;
        case 'wildcard':
          errors.push(error as SocketError);
          return;
        case 'optional':
          missing.push({ kind, address, port, why: (error as Error).message });
          return;
        default:
          unreachable(from);
      }
    }
  }

  /**
   * The sockets of a slot, as its worker is to have them: fresh duplicates, which are the worker's to close, but
   * for what it `holds` (by `descriptorKey`). Throws SocketError where no descriptor is left.
   */
  descriptors(slot: number, holds: ReadonlySet<string> = NOTHING): Descriptor[] {
    const descriptors: Descriptor[] = [];
    try {
      for (const { kind, protocol, endpoint, address, port, fds } of this.#opened.values()) {
        if (dutyFor(protocol) !== dutyOf(slot, this.workers)) continue;
        for (const share of sharesOf(slot % this.workers, this.workers, fds.length)) {
          const descriptor = { kind, protocol, endpoint, address, port, slot: share };
          const fd = fds[share % fds.length];
          if (holds.has(descriptorKey(descriptor))) descriptors.push({ ...descriptor, fd: FD_KEPT });
          else descriptors.push({ ...descriptor, fd: fd === undefined ? FD_OPEN : this.#ffi!.duplicate(fd) });
        }
      }
    } catch (error) {
      this.release(descriptors);
      throw error;
    }
    return descriptors;
  }

  /** Whether anything listens for TLS. */
  get haveEncrypted(): boolean {
    return [...this.#opened.values()].some(({ protocol }) => dutyFor(protocol) === 'encrypted');
  }

  /** The sets of a slot's sockets, which outlive its worker. Throws SocketError where no descriptor is left. */
  watches(slot: number): Watches | undefined {
    const ffi = this.#ffi;
    if (ffi === undefined) return undefined;
    return (this.#watches[slot] ??= {
      listening: ffi.openWatch(),
      streams: ffi.openWatch(),
      upstream: ffi.openWatch(),
    });
  }

  /** False: workers open their sockets themselves, and the kernel forgets those of one that died. */
  get canShare(): boolean {
    return this.#ffi !== undefined;
  }

  /** Closes duplicates that no worker took over. */
  release(descriptors: readonly Descriptor[]): void {
    for (const { fd } of descriptors) if (fd >= 0) this.#ffi!.close(fd);
  }

  /** What is listened on, each as `udp 127.0.0.1:53`. */
  listening(): string[] {
    return [...this.#opened.keys()];
  }

  /** Queries that the kernel dropped since the last call, as the worker that should have read them was too slow. */
  newDrops(): number {
    let sum = this.#lastDrops;
    this.#lastDrops = 0;
    for (const opened of this.#opened.values()) sum += this.#dropsAt(opened);
    return sum;
  }

  #dropsAt({ kind, fds }: Opened): number {
    return kind === 'udp' ? fds.reduce((sum, fd) => sum + this.#dropsOf(fd), 0) : 0;
  }

  #dropsOf(fd: number): number {
    const now = this.#ffi!.queueOf(fd)?.drops ?? 0;
    const before = this.#drops.get(fd) ?? 0;
    this.#drops.set(fd, now);
    return (now - before) >>> 0;
  }

  /** The smallest receive buffer that the kernel gave, octets; undefined where that is not known. */
  get receiveBuffer(): number | undefined {
    const udp = [...this.#opened.values()].filter(({ kind }) => kind === 'udp').flatMap(({ fds }) => fds);
    const known = udp.flatMap((fd) => this.#ffi!.queueOf(fd)?.receiveBuffer ?? []);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** Passed sockets that no endpoint listens on. */
  unused(): PassedSocket[] {
    const used = new Set([...this.#opened.values()].flatMap((opened) => opened.fds));
    return this.#passed.filter(({ fd }) => !used.has(fd));
  }

  closeAll(): void {
    for (const opened of this.#opened.values()) this.#close(opened);
    this.#opened.clear();
    for (const { fd } of this.#passed) this.#ffi!.close(fd);
  }

  /** A slot's worker is gone, and with it whoever would close the sockets that it read natively. */
  closeRemains(slot: number): void {
    const watches = this.#watches[slot];
    if (watches !== undefined) for (const watch of Object.values(watches)) closeRemains(this.#ffi!, watch);
  }

  /** When no worker is left. */
  closeWatches(): void {
    for (const watches of this.#watches)
      if (watches !== undefined) for (const watch of Object.values(watches)) this.#ffi!.close(watch);
    this.#watches.length = 0;
  }

  #placesOf(endpoints: readonly InboundEndpoint[]): Map<string, Place> {
    const named = new Map<string, Place>();
    const others = new Map<string, Place>();
    for (const place of endpoints.flatMap(placesOf)) {
      if (!isWildcard(place.address) || this.#passedFor(place).length > 0)
        named.set(socketText(place), place);
      else for (const each of this.#expand(place)) others.set(socketText(each), each);
    }
    // An address that is named beside a wildcard belongs to the endpoint that names it.
    return new Map([...others, ...named]);
  }

  #expand(place: Place): Place[] {
    const isIpv6 = place.address.includes(':');
    return this.#hostAddresses()
      .filter((address) => address.includes(':') === isIpv6)
      .map((address) => ({ ...place, address, from: 'wildcard' }));
  }

  /** More than one of an address: the unit of the sockets has `ReusePort=yes`. */
  #passedFor(place: Place): PassedSocket[] {
    const key = socketText(place);
    return this.#passed.filter((socket) => socketText(socket) === key);
  }

  #open(place: Place): Opened {
    const passed = this.#passedFor(place);
    if (passed.length > 0) {
      const fds = passed.map(({ fd }) => fd);
      // They may be older than this process: what they dropped before is not ours.
      for (const fd of fds) this.#dropsOf(fd);
      return { ...place, fds };
    }
    const ffi = this.#ffi;
    if (ffi === undefined) {
      // A worker that cannot open what it is told to does not start.
      if (place.from === 'optional' && !this.#hostHas(place.address))
        throw new Error(`${socketText(place)}: the host does not have the address`);
      return { ...place, fds: [] };
    }
    this.#checkAlone(ffi, place);
    const fds: number[] = [];
    try {
      for (let worker = 0; worker < this.workers; worker++)
        fds.push(ffi.open({ ...place, sharing: 'shared' }));
    } catch (error) {
      for (const fd of fds) ffi.close(fd);
      throw error;
    }
    return { ...place, fds };
  }

  /** Linux has all of 127.0.0.0/8. */
  #hostHas(address: string): boolean {
    return address.startsWith('127.') || this.#hostAddresses().includes(address);
  }

  /** Sharing is with our own sockets only: another program of this user would take a part of the clients, unseen. */
  #checkAlone(ffi: Ffi, place: Place): void {
    const now = this.#clock.now();
    for (const [key, at] of this.#closedAt) if (now - at >= OWN_REMAINS_MS) this.#closedAt.delete(key);
    // A worker of ours may still answer there what it owes.
    if (!this.#closedAt.has(socketText(place))) ffi.close(ffi.open({ ...place, sharing: 'alone' }));
  }

  /** A passed socket stays: a later reload may want it again, and only systemd could open it anew. */
  #close(opened: Opened): void {
    this.#closedAt.set(socketText(opened), this.#clock.now());
    this.#lastDrops += this.#dropsAt(opened);
    const isPassed = this.#passed.some(({ fd }) => opened.fds.includes(fd));
    if (isPassed) return;
    for (const fd of opened.fds) {
      this.#drops.delete(fd);
      this.#ffi!.close(fd);
    }
  }
}

/** What an endpoint listens on, wildcards as they are. */
function placesOf({ id, listen, encrypted, mayBeClosed = false }: InboundEndpoint): Place[] {
  const place = (kind: SocketKind, protocol: Place['protocol'], { address, port }: ListenAddress): Place => ({
    kind,
    protocol,
    endpoint: id,
    address: canonicalAddress(address),
    port,
    from: mayBeClosed ? 'optional' : 'address',
  });
  return [
    ...listen.flatMap((each) => [place('udp', 'do53', each), place('tcp', 'do53', each)]),
    ...(encrypted?.dot ?? []).map((each) => place('tcp', 'dot', each)),
    ...(encrypted?.doh ?? []).map((each) => place('tcp', 'doh', each)),
  ];
}

/**
 * Which of a place's `count` sockets a worker reads, as numbers modulo `count`: where there are fewer than workers, they
 * share; where there are more, each reads several, as the kernel gives clients to all of them.
 */
function sharesOf(worker: number, workers: number, count: number): number[] {
  const shares = [worker];
  for (let share = worker + workers; share < count; share += workers) shares.push(share);
  return shares;
}

/** Tells a worker's sockets apart. */
export function descriptorKey(descriptor: Omit<Descriptor, 'fd' | 'endpoint'>): string {
  return `${descriptor.slot} ${descriptor.protocol} ${socketText(descriptor)}`;
}

const NOTHING: ReadonlySet<string> = new Set();
/** sd_listen_fds(3): the first descriptor that is passed. */
const LISTEN_FDS_START = 3;
/** More than unit files name: an address for each worker there may be, of several endpoints. */
const LISTEN_FDS_MAX = 1024;

/**
 * The sockets that systemd opened for this process (LISTEN_PID, LISTEN_FDS), made non-blocking and not inherited
 * further. The variables are taken out of `env`, as they are for this process alone.
 */
export function passedSockets(ffi: Ffi | undefined, env: NodeJS.ProcessEnv, pid: number): PassedSocket[] {
  const isOurs = env['LISTEN_PID'] === String(pid);
  const count = Math.min(Number(env['LISTEN_FDS'] ?? 0), LISTEN_FDS_MAX);
  delete env['LISTEN_PID'];
  delete env['LISTEN_FDS'];
  delete env['LISTEN_FDNAMES'];
  if (ffi === undefined || !isOurs || !Number.isInteger(count)) return [];
  const passed: PassedSocket[] = [];
  for (let fd = LISTEN_FDS_START; fd < LISTEN_FDS_START + count; fd++) {
    const bound = ffi.inspect(fd);
    if (bound === undefined) continue;
    ffi.adopt(fd);
    passed.push({ ...bound, fd });
  }
  return passed;
}

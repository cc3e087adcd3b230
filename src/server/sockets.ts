import { networkInterfaces } from 'node:os';
import { addressToText, parseAddress } from '../util/cidr.ts';
import type { Ffi } from '../util/ffi.ts';
import type { Descriptor } from '../view/channel.ts';
import type { InboundEndpoint } from '../view/snapshot.ts';

/**
 * Main's side of the listening sockets. Each address is opened once per worker slot and transport with
 * SO_REUSEPORT, and stays open here whatever happens to the worker: its successor adopts a duplicate of the same
 * kernel socket, with the queue that has gathered there, so that no client's flow falls into a hole.
 *
 * A wildcard becomes one socket for each address of the host, so that a reply leaves from the address that was
 * asked; `refresh` follows addresses that come and go.
 */

/** What is to be listened on, wildcards resolved. */
interface Place {
  readonly kind: 'udp' | 'tcp';
  readonly endpoint: number;
  readonly address: string;
  readonly port: number;
}

interface Opened extends Place {
  /** One for each slot; one shared by all where systemd passed it; none without FFI. */
  readonly fds: readonly number[];
}

/** A socket that was there before us (sd_listen_fds). */
export interface PassedSocket {
  readonly kind: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
  readonly fd: number;
}

export class Sockets {
  readonly #ffi: Ffi | undefined;
  readonly #slots: number;
  readonly #passed: readonly PassedSocket[];
  readonly #hostAddresses: () => string[];
  #opened = new Map<string, Opened>();

  constructor(options: {
    ffi: Ffi | undefined;
    slots: number;
    passed?: readonly PassedSocket[];
    hostAddresses?: () => string[];
  }) {
    this.#ffi = options.ffi;
    this.#slots = options.slots;
    this.#passed = options.passed ?? [];
    this.#hostAddresses = options.hostAddresses ?? interfaceAddresses;
  }

  /**
   * Opens what is new and closes what is gone. When something cannot be opened nothing changes, and the error says
   * which address. Returns whether anything changed.
   */
  apply(endpoints: readonly InboundEndpoint[]): boolean {
    const wanted = new Map(this.#placesOf(endpoints).map((place) => [keyOf(place), place]));
    const added: Opened[] = [];
    try {
      for (const [key, place] of wanted) if (!this.#opened.has(key)) added.push(this.#open(place));
    } catch (error) {
      for (const opened of added) this.#close(opened);
      throw error;
    }
    const gone = [...this.#opened].filter(([key]) => !wanted.has(key));
    const moved = [...wanted].some(([key, place]) => this.#opened.get(key)?.endpoint !== place.endpoint);
    const next = new Map<string, Opened>();
    for (const [key, place] of wanted) {
      const kept = this.#opened.get(key);
      if (kept !== undefined) next.set(key, { ...kept, endpoint: place.endpoint });
    }
    for (const opened of added) next.set(keyOf(opened), opened);
    for (const [, opened] of gone) this.#close(opened);
    this.#opened = next;
    return added.length > 0 || gone.length > 0 || moved;
  }

  /** Fresh duplicates for the worker in `slot`: it owns and closes them. */
  descriptors(slot: number): Descriptor[] {
    const list: Descriptor[] = [];
    for (const { kind, endpoint, address, port, fds } of this.#opened.values()) {
      const own = fds.length === 1 ? fds[0]! : fds[slot];
      list.push({ kind, endpoint, address, port, fd: own === undefined ? -1 : this.#ffi!.duplicate(own) });
    }
    return list;
  }

  closeAll(): void {
    for (const opened of this.#opened.values()) this.#close(opened);
    this.#opened.clear();
  }

  #placesOf(endpoints: readonly InboundEndpoint[]): Place[] {
    const places: Place[] = [];
    endpoints.forEach((endpoint, index) => {
      for (const { address, port } of endpoint.listen)
        for (const concrete of this.#concrete(address))
          for (const kind of ['udp', 'tcp'] as const) places.push({ kind, endpoint: index, address: concrete, port });
    });
    return places;
  }

  #concrete(address: string): string[] {
    const bytes = parseAddress(address);
    if (bytes.some((octet) => octet !== 0)) return [address];
    return this.#hostAddresses().filter((host) => parseAddress(host).length === bytes.length);
  }

  #open(place: Place): Opened {
    const passed = this.#passed.find(
      (socket) => socket.kind === place.kind && socket.address === place.address && socket.port === place.port,
    );
    if (passed !== undefined) return { ...place, fds: [passed.fd] };
    const ffi = this.#ffi;
    if (ffi === undefined) return { ...place, fds: [] };
    const fds: number[] = [];
    try {
      for (let slot = 0; slot < this.#slots; slot++)
        fds.push(ffi.openSocket(place.kind, parseAddress(place.address), place.port));
    } catch (error) {
      for (const fd of fds) ffi.close(fd);
      throw new Error(`cannot listen on ${place.kind} ${place.address} port ${place.port}: ${remedyOf(error)}`);
    }
    return { ...place, fds };
  }

  #close(opened: Opened): void {
    const isPassed = this.#passed.some((socket) => opened.fds.includes(socket.fd));
    if (!isPassed) for (const fd of opened.fds) this.#ffi!.close(fd);
  }
}

function keyOf(place: Place): string {
  return `${place.kind} ${place.address} ${place.port}`;
}

function remedyOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes('EADDRINUSE')) return `${text}; another server has it`;
  if (text.includes('EACCES')) return `${text}; ports below 1024 need CAP_NET_BIND_SERVICE or socket passing`;
  if (text.includes('EADDRNOTAVAIL')) return `${text}; no interface has this address`;
  return text;
}

/** Every address of the host's interfaces but link-local ones, which need a scope. */
function interfaceAddresses(): string[] {
  const list: string[] = [];
  for (const addresses of Object.values(networkInterfaces()))
    for (const { address } of addresses ?? [])
      if (!address.startsWith('fe80:')) list.push(addressToText(parseAddress(address)));
  return list;
}

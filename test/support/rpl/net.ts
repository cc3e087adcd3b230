/**
 * The servers of a scenario, behind the resolver's transport seam. A query waits here until an entry of a range
 * answers it or its time is over; nothing happens by itself: the player serves what can be served, step by step.
 */
import type { Exchange, Listener, Protocol, Send, Transport } from '../../../src/resolver/transport.ts';
import { parseAddress } from '../../../src/util/cidr.ts';
import type { ManualClock } from '../../../src/util/clock.ts';
import { FLAG, UDP_PAYLOAD_CLASSIC } from '../../../src/wire/constants.ts';
import { type Message, readMessage } from '../../../src/wire/message.ts';
import { nameToText } from '../../../src/wire/name.ts';
import { typeToText } from '../../../src/wire/rdata/table.ts';
import { misfit } from './match.ts';
import { encode } from './packet.ts';
import type { Entry, Range } from './scenario.ts';
import { noWork, type Work } from './work.ts';

interface Pending {
  readonly send: Send;
  readonly listener: Listener;
  readonly message: Message;
  readonly end: () => void;
  /** Something was said to it: no entry answers it again. */
  served: boolean;
}

/** No scenario has targets that are met by TLS. */
type PlainProtocol = 'udp' | 'tcp';

export class RplNet implements Transport {
  readonly #clock: ManualClock;
  readonly #ranges: readonly Range[];
  readonly #log: (line: string) => void;
  readonly #pending = new Set<Pending>();
  /** The ranges of this step answer. */
  step = 0;
  work: Work = noWork();

  constructor(clock: ManualClock, ranges: readonly Range[], log: (line: string) => void) {
    this.#clock = clock;
    this.#ranges = ranges;
    this.#log = log;
  }

  begin(start: () => void): void {
    start();
  }

  exchange(send: Send, listener: Listener): Exchange {
    this.#count(send);
    const timer = this.#clock.after(send.timeoutMs, () => {
      end();
      this.#log(`${describe(pending)}: no reply`);
      listener.failed('timeout');
    });
    const end = (): void => {
      this.#pending.delete(pending);
      timer.cancel();
    };
    const message = readMessage(send.query);
    const pending: Pending = { send, listener, message, end, served: false };
    this.#pending.add(pending);
    return {
      cancel: () => {
        if (this.#pending.has(pending) && !pending.served) this.#log(`${describe(pending)}: not waited for`);
        end();
      },
    };
  }

  #count({ protocol, address }: Send): void {
    this.work.packets++;
    this.work[protocol as PlainProtocol]++;
    this.work.packetsTo.set(address, (this.work.packetsTo.get(address) ?? 0) + 1);
  }

  /** Answers one query that a range has an answer for: the oldest. False: there is none. */
  serveOne(): boolean {
    for (const pending of this.#pending) {
      const entry = pending.served ? undefined : this.#find(pending);
      if (entry === undefined) continue;
      this.#reply(pending, entry);
      return true;
    }
    return false;
  }

  /** Queries that nobody has answered, the latest last. */
  get waiting(): string[] {
    return [...this.#pending].filter(({ served }) => !served).map(describe);
  }

  #find({ send, message }: Pending): Entry | undefined {
    for (const { from, to, address, entries } of this.#ranges) {
      if (this.step < from || this.step > to) continue;
      if (address !== undefined && !isSameAddress(address, send.address)) continue;
      const entry = entries.find(
        (each) => misfit(each, message, send.protocol as PlainProtocol) === undefined,
      );
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  #reply(pending: Pending, entry: Entry): void {
    pending.served = true;
    this.#log(`${describe(pending)}: entry of line ${entry.line}`);
    const reply = replyOf(entry, pending.message, pending.send.protocol as PlainProtocol);
    if (pending.listener.message(reply) === 'done') pending.end();
    else this.#log('  is not taken');
  }

  /** Whether a query that waits is one of `entry`'s. */
  isWaiting(address: string | undefined, entry: Entry): boolean {
    return [...this.#pending].some(
      ({ send, message, served }) =>
        !served &&
        (address === undefined || isSameAddress(address, send.address)) &&
        misfit(entry, message, send.protocol as PlainProtocol) === undefined,
    );
  }

  /** What becomes of the query that was sent last. False: none waits. */
  endLatest(how: 'timeout' | 'error' | Entry): boolean {
    const latest = [...this.#pending].findLast(({ served }) => !served);
    if (latest === undefined) return false;
    if (typeof how !== 'string') this.#reply(latest, how);
    else {
      this.#log(`${describe(latest)}: ${how}`);
      latest.end();
      latest.listener.failed(how === 'timeout' ? 'timeout' : 'closed');
    }
    return true;
  }
}

function describe({ send, message }: Pending): string {
  const { name, type } = message.question!;
  return `${send.protocol} ${send.address} ${nameToText(name)} ${typeToText(type)}`;
}

export function isSameAddress(a: string, b: string): boolean {
  return Buffer.compare(parseAddress(a), parseAddress(b)) === 0;
}

/** What the entry's server sends; by UDP no more than the query says can be taken. */
function replyOf(entry: Entry, query: Message, protocol: Protocol): Uint8Array {
  if (entry.hex !== undefined) return withId(entry.hex, entry.copyId ? query.id : undefined);
  const question = entry.copyQuery ? query.question : entry.packet.question;
  const id = entry.copyId ? query.id : 0;
  const whole = encode(entry.packet, id, question);
  if (protocol === 'tcp' || whole.length <= (query.edns?.payload ?? UDP_PAYLOAD_CLASSIC)) return whole;
  const flags = entry.packet.flags | FLAG.TC;
  return encode({ ...entry.packet, flags, answer: [], authority: [], additional: [] }, id, question);
}

function withId(message: Uint8Array, id: number | undefined): Uint8Array {
  const copy = message.slice();
  if (id !== undefined && copy.length >= 2) new DataView(copy.buffer, copy.byteOffset).setUint16(0, id);
  return copy;
}

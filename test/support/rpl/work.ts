/** CHECK_WORK: what an answer may cost. Counted since the CHECK_WORK before, or the beginning. */

export interface Work {
  /** Queries sent to servers, by UDP and TCP together, also those that nobody answers. */
  packets: number;
  udp: number;
  tcp: number;
  /** By the server's address. */
  packetsTo: Map<string, number>;
  /** Signatures checked. */
  verifies: number;
  /** Compression-function calls of NSEC3 hashing. */
  nsec3: number;
}

export function noWork(): Work {
  return { packets: 0, udp: 0, tcp: 0, packetsTo: new Map(), verifies: 0, nsec3: 0 };
}

const COUNTS = ['packets', 'udp', 'tcp', 'verifies', 'nsec3'] as const;
type Count = (typeof COUNTS)[number];

/** `packets<=4`, `packets@192.0.2.1=0`: one word of a CHECK_WORK step. */
export interface WorkLimit {
  readonly text: string;
  readonly count: Count;
  /** Only those to this address; with `packets`. */
  readonly address: string | undefined;
  readonly comparison: '=' | '<=' | '>=';
  readonly value: number;
}

/** Throws Error with a text about `word`. */
export function parseWorkLimit(word: string): WorkLimit {
  const [, name, address, comparison, value] = /^(\w+)(?:@([0-9A-Fa-f.:]+))?(<=|>=|=)(\d+)$/.exec(word) ?? [];
  const count = COUNTS.find((known) => known === name);
  if (count === undefined)
    throw new Error(`${word}: one of ${COUNTS.join(', ')} with =, <= or >= and a number`);
  if (address !== undefined && count !== 'packets')
    throw new Error(`${word}: only packets are counted by address`);
  return {
    text: word,
    count,
    address,
    comparison: comparison as WorkLimit['comparison'],
    value: Number(value),
  };
}

/** What is wrong with `work`, in words; undefined: nothing. */
export function exceeds(work: Work, limit: WorkLimit): string | undefined {
  const { count, address, comparison, value } = limit;
  const is = address === undefined ? work[count] : (work.packetsTo.get(address) ?? 0);
  const holds = comparison === '=' ? is === value : comparison === '<=' ? is <= value : is >= value;
  return holds ? undefined : `${limit.text}, and it is ${is}`;
}

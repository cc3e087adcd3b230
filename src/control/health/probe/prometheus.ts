import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { unreachable } from '../../../util/assert.ts';
import type { AlarmSource, AlarmState } from '../../../view/health.ts';
import type { ProbeResult } from './attempt.ts';
import type { ProbeEnv, Resolve } from './probe.ts';
import { faultOf, statusReason } from './reasons.ts';

/** What a query says of an alarm. */
export interface AlarmReading {
  readonly kind: 'alarm';
  readonly state: AlarmState;
  readonly reason: string;
}

/** `void`: it could not be asked, for a reason of this host. */
export type AlarmResult = AlarmReading | Extract<ProbeResult, { readonly kind: 'void' }>;

/** A query that takes longer is too dear to be made each minute. */
const ANSWER_MS = 5_000;
/** Thousands of values; an alarm is on a few. */
const ANSWER_OCTETS_MAX = 1_048_576;

/** Asks the server once and calls `done` once, later: whatever it does wrong is want of data. Returns what gives it up. */
export function queryAlarm(
  source: AlarmSource,
  { clock, resolve }: Pick<ProbeEnv, 'clock' | 'resolve'>,
  done: (result: AlarmResult) => void,
): () => void {
  const url = new URL(`${source.url}/api/v1/query`);
  url.searchParams.set('query', source.query);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  let isOver = false;
  const outgoing = send(url, {
    agent: false,
    lookup: lookupBy(resolve),
    headers: { accept: 'application/json' },
  });
  const end = (result: AlarmResult): void => {
    if (isOver) return;
    giveUp();
    done(result);
  };
  const finish = (state: AlarmState, reason: string): void => end({ kind: 'alarm', state, reason });
  const lack = (reason: string): void => finish('insufficient-data', reason);
  const fail = (error: Error): void => {
    const { own, reason } = faultOf(error);
    if (own) end({ kind: 'void', reason });
    else lack(`Prometheus cannot be asked: ${reason}`);
  };
  const timer = clock.after(ANSWER_MS, () => lack('Prometheus does not answer in time'));
  const giveUp = (): void => {
    isOver = true;
    timer.cancel();
    outgoing.destroy();
  };
  outgoing.on('error', fail);
  outgoing.on('response', (response) => {
    response.on('error', fail);
    if (response.statusCode !== 200) lack(`Prometheus: ${statusReason(response.statusCode ?? 0)}`);
    else
      readAll(response, (text) => {
        if (text === undefined) lack('Prometheus answers more than is taken');
        else {
          const { state, reason } = readAnswer(text, source);
          finish(state, reason);
        }
      });
  });
  outgoing.end();
  return giveUp;
}

function lookupBy(resolve: Resolve): LookupFunction {
  return (name, { all }, answer) =>
    void resolve(name).then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) answer(new Error(`${name} has no address`), '');
        else if (all !== true) answer(null, first, 4);
        else
          answer(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          );
      },
      (error: NodeJS.ErrnoException) => answer(error, ''),
    );
}

/** Undefined: it is too long. */
function readAll(response: IncomingMessage, done: (text: string | undefined) => void): void {
  const chunks: Buffer[] = [];
  let octets = 0;
  response.on('data', (chunk: Buffer) => {
    octets += chunk.length;
    if (octets > ANSWER_OCTETS_MAX) done(undefined);
    else chunks.push(chunk);
  });
  response.on('end', () => done(Buffer.concat(chunks).toString()));
}

type Verdict = Pick<AlarmReading, 'state' | 'reason'>;

/** The answer of `/api/v1/query`: in alarm is what has a value that compares so with the threshold. */
export function readAnswer(text: string, source: Pick<AlarmSource, 'comparison' | 'threshold'>): Verdict {
  const values = valuesOf(text);
  if (values === undefined)
    return { state: 'insufficient-data', reason: 'Prometheus answers neither a vector nor a scalar' };
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return { state: 'insufficient-data', reason: 'the query has no value' };
  const breach = known.find((value) => breaches(value, source));
  const shown = breach ?? known[0]!;
  const compared = `${shown} ${breach === undefined ? 'is not' : 'is'} ${source.comparison} ${source.threshold}`;
  return { state: breach === undefined ? 'ok' : 'alarm', reason: compared };
}

function breaches(
  value: number,
  { comparison, threshold }: Pick<AlarmSource, 'comparison' | 'threshold'>,
): boolean {
  switch (comparison) {
    case 'GreaterThanOrEqualToThreshold':
      return value >= threshold;
    case 'GreaterThanThreshold':
      return value > threshold;
    case 'LessThanThreshold':
      return value < threshold;
    case 'LessThanOrEqualToThreshold':
      return value <= threshold;
    default:
      return unreachable(comparison);
  }
}

/** The values of an instant vector or of a scalar; undefined for everything else. */
function valuesOf(text: string): number[] | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  const data = member(answer, 'data');
  const result = member(data, 'result');
  if (member(answer, 'status') !== 'success' || !Array.isArray(result)) return undefined;
  switch (member(data, 'resultType')) {
    case 'scalar':
      return [numberOf(result)];
    case 'vector':
      return result.map((sample) => numberOf(member(sample, 'value')));
    default:
      return undefined;
  }
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

/** Of `[time, "value"]`; NaN where it is none. */
function numberOf(sample: unknown): number {
  const text = Array.isArray(sample) ? sample[1] : undefined;
  if (typeof text !== 'string') return Number.NaN;
  if (text === '+Inf' || text === '-Inf')
    return text === '+Inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return text.trim() === '' ? Number.NaN : Number(text);
}

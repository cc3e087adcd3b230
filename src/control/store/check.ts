import { StoreError } from './errors.ts';
import {
  type Change,
  type Expectation,
  type Item,
  LIST_MAX,
  type Origin,
  type SignedRequest,
} from './store.ts';

/** The largest list of a DNS firewall has 250,000 domains, and one request may bring them all. */
export const ITEMS_MAX = 500_000;
const KIND_OCTETS_MAX = 64;
const KEY_OCTETS_MAX = 2_048;
const HASH_OCTETS_MAX = 128;
/** The longest document of a traffic policy is 102,400 characters; others are smaller. */
const BODY_OCTETS_MAX = 4 * 1024 * 1024;
const ORIGIN_OCTETS_MAX = 1_024;

/** A body as it is kept. Throws StoreError. */
export function bodyText(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value) as string | undefined;
  } catch (error) {
    throw invalid(`${what} is not JSON: ${(error as Error).message}`);
  }
  if (text === undefined) throw invalid(`${what} is not JSON`);
  if (Buffer.byteLength(text) > BODY_OCTETS_MAX) throw invalid(`${what} is over ${BODY_OCTETS_MAX} octets`);
  return text;
}

/** Throws StoreError for a change that no engine should see. Bodies are read when they are written. */
export function checkChange({ origin, items, request }: Change): void {
  checkOrigin(origin);
  if (items.length > ITEMS_MAX)
    throw invalid(`the change has ${items.length} items; at most ${ITEMS_MAX} are taken`);
  if (items.every(({ action }) => action === 'check')) throw invalid('the change puts and deletes nothing');
  items.forEach(checkItem);
  if (request !== undefined) checkRequest(request);
}

function checkItem(item: Item, index: number): void {
  const what = `item ${index}`;
  checkText(`${what}: kind`, item.kind, 1, KIND_OCTETS_MAX);
  checkText(`${what}: id`, item.id, 1, KEY_OCTETS_MAX);
  if (item.expect !== undefined) checkExpectation(what, item.expect);
  if (item.action !== 'put') return;
  checkAccount(`${what}: account`, item.account);
  checkText(`${what}: sort key`, item.sort, 0, KEY_OCTETS_MAX);
  if (item.parent !== undefined) checkText(`${what}: parent`, item.parent, 1, KEY_OCTETS_MAX);
}

function checkExpectation(what: string, expect: Expectation): void {
  if (typeof expect === 'number')
    checkNumber(`${what}: expected revision`, expect, 1, Number.MAX_SAFE_INTEGER);
}

function checkOrigin({ account, accessKey, source, operation, summary }: Origin): void {
  checkAccount('origin: account', account);
  for (const [name, text] of Object.entries({ accessKey, source, operation, summary }))
    checkText(`origin: ${name}`, text, 0, ORIGIN_OCTETS_MAX);
}

function checkRequest({ hash, forMs }: SignedRequest): void {
  checkText('request: hash', hash, 1, HASH_OCTETS_MAX);
  checkNumber('request: forMs', forMs, 1, 86_400_000);
}

function checkAccount(what: string, account: string): void {
  if (!/^\d{12}$/.test(account)) throw invalid(`${what} is ${JSON.stringify(account)}; it has 12 digits`);
}

/** Half a surrogate pair would be another text when it is read again. */
function checkText(what: string, text: string, low: number, high: number): void {
  const octets = Buffer.byteLength(text);
  if (octets < low || octets > high)
    throw invalid(`${what} has ${octets} octets; ${low} to ${high} are taken`);
  if (!text.isWellFormed()) throw invalid(`${what} has half a surrogate pair`);
}

/** Throws StoreError unless it is a whole number in the range. */
export function checkNumber(what: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw invalid(`${what} is ${value}; it is a whole number from ${low} to ${high}`);
}

/** Throws StoreError. */
export function checkLimit(limit: number): void {
  checkNumber('the limit', limit, 1, LIST_MAX);
}

function invalid(message: string): StoreError {
  return new StoreError('invalid', message, 'this is an error of the program; report it');
}

/** What an expectation is in words. */
export function expectationText(expect: Expectation): string {
  if (expect === 'absent') return 'nothing there';
  return expect === 'present' ? 'that it exists' : `revision ${expect}`;
}

export function isAsExpected(expect: Expectation | undefined, found: number | undefined): boolean {
  switch (expect) {
    case undefined:
      return true;
    case 'absent':
      return found === undefined;
    case 'present':
      return found !== undefined;
    default:
      return found === expect;
  }
}

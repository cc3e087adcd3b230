import { AddressError, CidrTable, parseAddress, parseCidr } from '../util/cidr.ts';
import type { LoggedAction } from '../view/querylog.ts';
import { RCODE, rcodeFromText } from '../wire/constants.ts';
import { TextError } from '../wire/error.ts';
import { isAtOrBelow, nameFromText } from '../wire/name.ts';
import { questionTypeFromText } from '../wire/rdata/table.ts';
import { type CliError, type Input, usageError } from './command.ts';
import type { LoggedQuery } from './logline.ts';

/** True for what is looked for. */
export type LogFilter = (query: LoggedQuery) => boolean;

/** What the options of `log` ask for, but times. Throws CliError. */
export function logFilter(input: Input): LogFilter {
  const filters: LogFilter[] = [];
  const add = (option: string, make: (text: string) => LogFilter): void => {
    const text = input.text(option);
    if (text !== undefined) filters.push(make(text));
  };
  add('name', belowName);
  add('client', fromClient);
  add('type', ofType);
  add('rcode', answered);
  add('action', screened);
  add('vpc', (text) => (query) => query.of === text);
  add('zone', (text) => (query) => query.of === text);
  return (query) => filters.every((filter) => filter(query));
}

function belowName(text: string): LogFilter {
  const name = read('name', text, (input) => nameFromText(input));
  return readable((query) => isAtOrBelow(nameFromText(query.name), name));
}

function fromClient(text: string): LogFilter {
  const cidr = read('client', text, parseCidr);
  const table = CidrTable.from(CidrTable.build([{ ...cidr, value: 0 }]).buffer);
  return readable((query) => table.lookup(parseAddress(query.client)) >= 0);
}

function ofType(text: string): LogFilter {
  const code = questionTypeFromText(named('TYPE', text));
  if (code === undefined) throw wrong('type', text, 'a type of records such as AAAA, TYPE65 or 65');
  return (query) => questionTypeFromText(query.type) === code;
}

function answered(text: string): LogFilter {
  const code = rcodeFromText(named('RCODE', text));
  if (code === undefined)
    throw wrong('rcode', text, `${Object.keys(RCODE).join(', ')}, or a number such as 3 or RCODE3`);
  return (query) => rcodeFromText(query.rcode) === code;
}

const ACTIONS: readonly string[] = ['ALERT', 'BLOCK'] satisfies LoggedAction[];

function screened(text: string): LogFilter {
  const action = text.toUpperCase();
  if (!ACTIONS.includes(action)) throw wrong('action', text, ACTIONS.join(' or '));
  return (query) => query.action === action;
}

/** `65` is `TYPE65`. */
function named(kind: string, text: string): string {
  return /^[0-9]+$/.test(text) ? `${kind}${text}` : text;
}

function wrong(option: string, text: string, right: string): CliError {
  return usageError('log', `--${option} is ${JSON.stringify(text)}; it is ${right}`);
}

/** False for a line with what is no name or address: somebody else wrote it. */
function readable(filter: LogFilter): LogFilter {
  return (query) => {
    try {
      return filter(query);
    } catch (error) {
      if (error instanceof TextError || error instanceof AddressError) return false;
      throw error;
    }
  };
}

function read<T>(option: string, text: string, reader: (text: string) => T): T {
  try {
    return reader(text);
  } catch (error) {
    if (error instanceof TextError || error instanceof AddressError)
      throw usageError('log', `--${option}: ${error.message}`);
    throw error;
  }
}

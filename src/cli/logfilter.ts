import { AddressError, CidrTable, parseAddress, parseCidr } from '../util/cidr.ts';
import { TextError } from '../wire/error.ts';
import { isAtOrBelow, nameFromText } from '../wire/name.ts';
import { type Input, usageError } from './command.ts';
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
  add('type', (text) => (query) => query.type === text.toUpperCase());
  add('rcode', (text) => (query) => query.rcode === text.toUpperCase());
  add('action', (text) => (query) => query.action === text.toUpperCase());
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

import { nameFromText } from '../../../src/wire/name.ts';
import { rdataFromText, typeFromText } from '../../../src/wire/rdata/table.ts';
import { RecordScanner } from '../../../src/wire/text/scanner.ts';
import { RdataTokens } from '../../../src/wire/text/tokens.ts';

export const ORIGIN = nameFromText('example.');

/** The words of one rdata, as the zone-file reader cuts them. */
export function tokensOf(text: string): RdataTokens {
  const scanner = new RecordScanner(text);
  const found = scanner.next();
  if (scanner.faults.length > 0) throw new Error(scanner.faults[0]!.message);
  return new RdataTokens(found ? scanner.words : [], ORIGIN);
}

/** Rdata in presentation form as wire. Names are relative to `example.`. Throws TextError. */
export function rdata(type: string, text: string): Uint8Array {
  return rdataFromText(code(type), tokensOf(text));
}

export function code(type: string): number {
  const known = typeFromText(type);
  if (known === undefined) throw new Error(`${type} is not a type`);
  return known;
}

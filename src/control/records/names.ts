import { LABEL_OCTETS_MAX, NAME_OCTETS_MAX } from '../../wire/constants.ts';
import { foldOctet, type Name, nameFromText } from '../../wire/name.ts';
import { FatalProblem } from './problem.ts';

/**
 * Domain names as Route 53 writes them. Unlike in zone files, escapes are octal, names are always absolute, with or
 * without the final dot, and what comes out has every octet escaped but `a-z`, `0-9`, `-` and `_`.
 */

/** Three octal digits of one octet. */
const ESCAPE = /\\([0-3][0-7]{2})?/g;
/** Printable ASCII without the space. */
const LITERAL = /^[!-~]*$/;

const ESCAPE_HINT = 'write octets as \\ooo, three octal digits, and international names in Punycode';

/** Reads a name; its case is kept. Errors show `found`, the text that it is part of. Throws FatalProblem. */
export function nameFromRoute53(text: string, found = text): Name {
  if (text === '') throw new FatalProblem('DomainNameEmpty', 'Domain name is empty', found, 'write a name');
  const decimals = decimalEscapes(text, found);
  // The root, which SRV and SVCB may name.
  if (text !== '.') checkLabels(text, found);
  return nameFromText(decimals);
}

function checkLabels(text: string, found: string): void {
  let octets = 1;
  for (const label of text.replace(/\.$/, '').split('.')) {
    const length = label.replace(ESCAPE, '?').length;
    if (length === 0)
      throw new FatalProblem(
        'DomainLabelEmpty',
        'Domain label is empty',
        found,
        'two dots stand together; write a dot inside of a label as \\056',
      );
    if (length > LABEL_OCTETS_MAX)
      throw new FatalProblem(
        'DomainLabelTooLong',
        'Domain label is too long',
        found,
        `at most ${LABEL_OCTETS_MAX} octets between two dots`,
      );
    octets += length + 1;
  }
  if (octets > NAME_OCTETS_MAX)
    throw new FatalProblem(
      'DomainNameTooLong',
      'Domain name is too long',
      found,
      `at most ${NAME_OCTETS_MAX} octets`,
    );
}

/** `word` with zone-file escapes, which are decimal, in place of Route 53's. `found` is what an error shows. Throws FatalProblem. */
export function decimalEscapes(word: string, found: string): string {
  if (!LITERAL.test(word)) throw unsupported(found, ESCAPE_HINT);
  return word.replace(ESCAPE, (_, octal: string | undefined) => {
    if (octal === undefined) throw unsupported(found, ESCAPE_HINT);
    return decimal(octal);
  });
}

/** `\DDD` for three octal digits. */
export function decimal(octal: string): string {
  return `\\${String(Number.parseInt(octal, 8)).padStart(3, '0')}`;
}

export function unsupported(found: string, remedy: string): FatalProblem {
  return new FatalProblem('UnsupportedCharacter', 'Value contains unsupported characters', found, remedy);
}

/** The form in which Route 53 returns, sorts and compares names: lower case, final dot, octal escapes. */
export function nameToRoute53(name: Name): string {
  if (name.length <= 1) return '.';
  let text = '';
  for (let i = 0; name[i]! !== 0; ) {
    const end = i + 1 + name[i]!;
    for (i++; i < end; i++) text += octetToRoute53(foldOctet(name[i]!));
    text += '.';
  }
  return text;
}

function octetToRoute53(octet: number): string {
  const char = String.fromCharCode(octet);
  return /[a-z0-9_-]/.test(char) ? char : `\\${octet.toString(8).padStart(3, '0')}`;
}

import { TYPE } from '../../wire/constants.ts';
import { TextError } from '../../wire/error.ts';
import { STRING_OCTETS_MAX } from '../../wire/rdata/string.ts';
import { rdataFromText, typeToText } from '../../wire/rdata/table.ts';
import { RdataTokens } from '../../wire/text/tokens.ts';
import { nameFromRoute53, unsupported } from './names.ts';
import { FatalProblem } from './problem.ts';
import { type Word, wordsOf } from './words.ts';

/** What one word of a value is; `code` is the codec's to read. */
type Kind = 'number' | 'name' | 'code' | 'quoted' | 'IPv4' | 'IPv6';

interface Form {
  readonly words: readonly Kind[];
  /** Of any more words. */
  readonly rest?: Kind;
  readonly example: string;
}

const NAME: Form = { words: ['name'], example: 'www.example.com.' };
const STRINGS: Form = { words: ['quoted'], rest: 'quoted', example: '"v=spf1 -all"' };
const SERVICE: Form = { words: ['number', 'name'], rest: 'code', example: '1 . alpn="h2,h3"' };

/** The values of a set, by type (Route 53 Developer Guide, Supported DNS record types), in the order of the API's model. */
const FORMS: ReadonlyMap<number, Form> = new Map<number, Form>([
  [
    TYPE.SOA,
    {
      words: ['name', 'name', 'number', 'number', 'number', 'number', 'number'],
      example: 'ns1.example.com. hostmaster.example.com. 1 7200 900 1209600 86400',
    },
  ],
  [TYPE.A, { words: ['IPv4'], example: '192.0.2.1' }],
  [TYPE.TXT, STRINGS],
  [TYPE.NS, NAME],
  [TYPE.CNAME, NAME],
  [TYPE.MX, { words: ['number', 'name'], example: '10 mail.example.com.' }],
  [
    TYPE.NAPTR,
    {
      words: ['number', 'number', 'quoted', 'quoted', 'quoted', 'name'],
      example: '100 50 "s" "SIP+D2U" "" _sip._udp.example.com.',
    },
  ],
  [TYPE.PTR, NAME],
  [TYPE.SRV, { words: ['number', 'number', 'number', 'name'], example: '1 10 5269 host.example.com.' }],
  [TYPE.SPF, STRINGS],
  [TYPE.AAAA, { words: ['IPv6'], example: '2001:db8::1' }],
  [TYPE.CAA, { words: ['number', 'code', 'quoted'], example: '0 issue "ca.example.net"' }],
  [TYPE.DS, { words: ['number', 'number', 'number', 'code'], example: `12345 13 2 ${'0F'.repeat(32)}` }],
  [TYPE.TLSA, { words: ['number', 'number', 'number', 'code'], example: `3 1 1 ${'0F'.repeat(32)}` }],
  [TYPE.SSHFP, { words: ['number', 'number', 'code'], example: `4 2 ${'0F'.repeat(32)}` }],
  [TYPE.SVCB, SERVICE],
  [TYPE.HTTPS, SERVICE],
]);

/** The types that record sets may have. */
export const SET_TYPES: readonly number[] = [...FORMS.keys()];

/** The API's bound on one value, in characters. */
export const VALUE_CHARS_MAX = 4000;

/** The rdata that `value` stands for. `type` is one of SET_TYPES. Throws FatalProblem. */
export function rdataFromValue(type: number, value: string): Uint8Array {
  const form = FORMS.get(type)!;
  const words = wordsOf(value);
  checkWords(type, form, words, value);
  try {
    return rdataFromText(type, new RdataTokens(words.map((word) => ({ ...word, line: 1 }))));
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw illegal(type, form, value, error.message);
  }
}

function checkWords(type: number, form: Form, words: readonly Word[], value: string): void {
  const { words: kinds, rest } = form;
  const fits = words.length >= kinds.length && (rest !== undefined || words.length === kinds.length);
  if (!fits) throw kinds.length === 1 ? notOneWord(type, form, words, value) : wrongCount(type, form, value);
  words.forEach((word, i) => {
    checkWord(type, form, kinds[i] ?? rest!, word, value);
  });
  // RFC 9460 section 2.4.2: in AliasMode there is nothing to say of a service.
  if (form === SERVICE && Number(words[0]!.text) === 0 && words.length > kinds.length)
    throw illegal(type, form, value, 'a priority of 0 is an alias and takes no parameters');
}

function checkWord(type: number, form: Form, kind: Kind, word: Word, value: string): void {
  if (kind === 'quoted') {
    if (!word.quoted) throw notQuoted(form, value);
    // The value of a CAA record is no <character-string>.
    if (type !== TYPE.CAA && octetsOf(word) > STRING_OCTETS_MAX)
      throw new FatalProblem(
        'CharacterStringTooLong',
        'Value is too long',
        value,
        `at most ${STRING_OCTETS_MAX} octets in a pair of quotation marks; write several, with spaces between`,
      );
    return;
  }
  if (word.quoted) throw unsupported(value, `leave the quotation marks out: ${form.example}`);
  if (kind === 'number' && !/^[0-9]{1,10}$/.test(word.text))
    throw illegal(type, form, value, `"${word.text.slice(0, 40)}" is not a number`);
  // What the codec would say of a name, Route 53 says in other words.
  if (kind === 'name') nameFromRoute53(value.slice(word.column - 1, word.end - 1), value);
}

/** An escape is one octet. */
function octetsOf(word: Word): number {
  return word.text.replace(/\\(?:[0-9]{3}|.)/g, '?').length;
}

function notQuoted({ example }: Form, value: string): FatalProblem {
  const reason = 'Value should be enclosed in quotation marks';
  return new FatalProblem('InvalidCharacterString', reason, value, `write it like ${example}`);
}

function notOneWord(type: number, form: Form, words: readonly Word[], value: string): FatalProblem {
  const remedy = `write it like ${form.example}`;
  switch (form.words[0]!) {
    case 'quoted':
      return notQuoted(form, value);
    case 'name':
      return words.length === 0
        ? new FatalProblem('DomainNameEmpty', 'Domain name is empty', value, remedy)
        : unsupported(value, `one name, such as ${form.example}`);
    case 'IPv4':
    case 'IPv6':
    case 'number':
    case 'code':
      return illegal(type, form, value, 'it is not one word');
  }
}

const COUNTS = ['no', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven'];

function wrongCount(type: number, { words, example }: Form, value: string): FatalProblem {
  const mnemonic = typeToText(type);
  return new FatalProblem(
    `${mnemonic}RRDATANot${COUNTS[words.length]}Fields`,
    `${mnemonic} record doesn't have ${words.length} fields`,
    value,
    `write it like ${example}`,
  );
}

function illegal(type: number, form: Form, value: string, reason: string): FatalProblem {
  const [kind] = form.words;
  const isAddress = kind === 'IPv4' || kind === 'IPv6';
  return new FatalProblem(
    `${typeToText(type)}RRDATAIllegal${isAddress ? `${kind}Address` : 'Field'}`,
    isAddress ? `Value is not a valid ${kind} address` : reason,
    value,
    `write it like ${form.example}`,
  );
}

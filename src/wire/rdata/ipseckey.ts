import { TYPE } from '../constants.ts';
import { WireError } from '../error.ts';
import type { RdataTokens } from '../text/tokens.ts';
import { base64Rest, ipv4, ipv6, name, u8 } from './fields.ts';
import type { Field, RdataType } from './type.ts';

/** Gateway type 0: no octets, written as a dot. */
const none: Field = {
  name: 'gateway',
  skip: () => {},
  print: () => '.',
  parse(tokens: RdataTokens) {
    const token = tokens.next('gateway');
    if (token.text !== '.') tokens.fail(token, 'gateway: gateway type 0 is written "."');
  },
};

/** A gateway type still to be invented: how long it is cannot be known, so it takes the key with it. */
const unknown: Field = {
  name: 'gateway',
  skip: (c) => c.skip(c.left),
  print(c) {
    throw new WireError('gateway type has no presentation form', c.off);
  },
  parse(tokens: RdataTokens) {
    tokens.fail(tokens.next('gateway'), 'gateway type over 3; write the rdata in the form \\# LENGTH HEX');
  },
};

/** By gateway type (RFC 4025 section 2.3). The name is never compressed. */
const GATEWAYS: readonly Field[] = [none, ipv4('gateway'), ipv6('gateway'), name('gateway')];

/** Gateway type, algorithm and gateway: one field, because the first says what the last is. */
const gateway: Field = {
  name: 'gateway',
  skip(c) {
    const type = c.u8();
    c.skip(1);
    (GATEWAYS[type] ?? unknown).skip(c);
  },
  print(c) {
    const type = c.u8();
    const algorithm = c.u8();
    return `${type} ${algorithm} ${(GATEWAYS[type] ?? unknown).print(c)}`;
  },
  parse(tokens, out) {
    const type = tokens.integer('gateway type', 0xff);
    out.u8(type);
    out.u8(tokens.integer('algorithm', 0xff));
    (GATEWAYS[type] ?? unknown).parse(tokens, out);
  },
};

/** RFC 4025 section 2. Algorithm 0 goes with no key. */
export const IPSECKEY: RdataType = {
  code: TYPE.IPSECKEY,
  mnemonic: 'IPSECKEY',
  fields: [u8('precedence'), gateway, base64Rest('public key', 0)],
};

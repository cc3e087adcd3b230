import { fromBase64, fromHex, toBase64, toHex } from '../base.ts';
import { TYPE } from '../constants.ts';
import { WireError } from '../error.ts';
import { nameToText } from '../name.ts';
import { decodeWord, skipPlainName } from './fields.ts';
import type { Field, RdataType } from './type.ts';

/** HIT length is one octet, public key length two (RFC 8005 section 5). */
const HIT_OCTETS_MAX = 0xff;
const KEY_OCTETS_MAX = 0xffff;

/** Algorithm, HIT and public key: one field, because on the wire both lengths go before the first octets. */
const identity: Field = {
  name: 'identity',
  skip(c) {
    const hit = c.u8();
    c.skip(1);
    const key = c.u16();
    if (hit === 0 || key === 0) throw new WireError('HIT or public key is empty', c.off - 4);
    c.skip(hit + key);
  },
  print(c) {
    const hitLength = c.u8();
    const algorithm = c.u8();
    const keyLength = c.u16();
    return `${algorithm} ${toHex(c.bytes(hitLength))} ${toBase64(c.bytes(keyLength))}`;
  },
  parse(tokens, out) {
    const algorithm = tokens.integer('algorithm', 0xff);
    const hitToken = tokens.next('HIT');
    const hit = decodeWord(tokens, hitToken, 'HIT', 'hexadecimal', fromHex);
    if (hit.length === 0 || hit.length > HIT_OCTETS_MAX)
      tokens.fail(hitToken, `HIT of ${hit.length} octets; 1 to ${HIT_OCTETS_MAX}`);
    const keyToken = tokens.next('public key');
    const key = decodeWord(tokens, keyToken, 'public key', 'base64', fromBase64);
    if (key.length === 0 || key.length > KEY_OCTETS_MAX)
      tokens.fail(keyToken, `public key of ${key.length} octets; 1 to ${KEY_OCTETS_MAX}`);
    out.u8(hit.length);
    out.u8(algorithm);
    out.u16(key.length);
    out.bytes(hit);
    out.bytes(key);
  },
};

/** Names to the end of the rdata, in order of preference, never compressed. */
const rendezvousServers: Field = {
  name: 'rendezvous servers',
  skip(c) {
    while (c.left > 0) skipPlainName(c);
  },
  print(c) {
    const names: string[] = [];
    while (c.left > 0) names.push(nameToText(c.name(false)));
    return names.join(' ');
  },
  parse(tokens, out) {
    while (!tokens.done) out.name(tokens.name('rendezvous server'));
  },
};

/** RFC 8005 section 5. */
export const HIP: RdataType = { code: TYPE.HIP, mnemonic: 'HIP', fields: [identity, rendezvousServers] };

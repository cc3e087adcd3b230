import { EDE, TYPE } from '../wire/constants.ts';
import { type Name, nameKey } from '../wire/name.ts';
import type { Ede } from '../wire/record.ts';
import { tagsOf } from './keytag.ts';
import type { TrustAnchor } from './settings.ts';

/** RFC 8509 section 2.1: exactly so, with five digits; anything else is a label like any other. */
const LABEL = /^root-key-sentinel-(is|not)-ta-([0-9]{5})$/;

const IS_OCTETS = 'root-key-sentinel-is-ta-00000'.length;
const NOT_OCTETS = 'root-key-sentinel-not-ta-00000'.length;

/**
 * The root key sentinel (RFC 8509): by whether an answer comes, clients learn whether a key of the root is trusted
 * here. It is for questions without CD whose answer, of whatever kind, was validated and is secure; the name is that
 * of the question, not of an alias' target.
 *
 * @returns why the answer is withheld, with SERVFAIL; undefined: it is given
 */
export function sentinelFault(
  question: { readonly name: Name; readonly type: number },
  anchors: readonly TrustAnchor[],
): Ede | undefined {
  if (question.type !== TYPE.A && question.type !== TYPE.AAAA) return undefined;
  const asked = LABEL.exec(firstLabel(question.name));
  if (asked === null) return undefined;
  const tag = Number(asked[2]);
  const root = anchors.find(({ zone }) => zone.length === 1);
  const isTrusted = root !== undefined && tagsOf(root).includes(tag);
  if (isTrusted === (asked[1] === 'is')) return undefined;
  const text = `root key sentinel: key ${tag} is ${isTrusted ? '' : 'not '}trusted here`;
  return { code: EDE.BOGUS, text };
}

/** Whether the answer depends on which keys are trusted. */
export function isSentinel(name: Name): boolean {
  return LABEL.test(firstLabel(name));
}

/** In lower case; empty where there is none. */
function firstLabel(name: Name): string {
  return name[0] === IS_OCTETS || name[0] === NOT_OCTETS ? nameKey(name.slice(1, 1 + name[0])) : '';
}

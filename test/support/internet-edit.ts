/** Changes to replies that the simulated Internet makes by itself. */
import { TYPE } from '../../src/wire/constants.ts';
import { type Name, nameEquals } from '../../src/wire/name.ts';
import type { Rr } from '../../src/wire/record.ts';
import type { Packet } from './packet.ts';

const PROOFS: readonly number[] = [TYPE.NSEC, TYPE.NSEC3];

/** Takes the proof that the delegation of `origin` has no DS out of referrals to it, and out of the denial of the DS. */
export function withoutProofOf(origin: Name, packet: Packet): void {
  const refers = packet.authority.some((rr) => rr.type === TYPE.NS && nameEquals(rr.name, origin));
  const { question } = packet;
  const denies = question?.type === TYPE.DS && nameEquals(question.name, origin);
  if (refers || denies) packet.authority = packet.authority.filter((rr) => !isProof(rr));
}

function isProof(rr: Rr): boolean {
  return PROOFS.includes(rr.type === TYPE.RRSIG ? (rr.rdata[0]! << 8) | rr.rdata[1]! : rr.type);
}

/** Types as bits, as they stand in NSEC and NSEC3 rdata; well-formed, for rdata is checked when it is read. */
export type TypeBitmap = Uint8Array;

export const NO_TYPES: TypeBitmap = new Uint8Array(0);

/** Whether the bit of `type` is set (RFC 4034 section 4.1.2). */
export function hasType(bitmap: TypeBitmap, type: number): boolean {
  for (let at = 0; at < bitmap.length; at += 2 + bitmap[at + 1]!) {
    if (bitmap[at]! !== type >> 8) continue;
    const octet = (type & 0xff) >> 3;
    return octet < bitmap[at + 1]! && (bitmap[at + 2 + octet]! & (0x80 >> (type & 7))) !== 0;
  }
  return false;
}

/** In rising order. */
export function typesOf(bitmap: TypeBitmap): number[] {
  const types: number[] = [];
  for (let at = 0; at < bitmap.length; at += 2 + bitmap[at + 1]!)
    for (let bit = 0; bit < bitmap[at + 1]! * 8; bit++)
      if (bitmap[at + 2 + (bit >> 3)]! & (0x80 >> (bit & 7))) types.push(bitmap[at]! * 256 + bit);
  return types;
}

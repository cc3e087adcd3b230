import type { Coordinates } from '../recordset.ts';

/**
 * Where a client is, as far as routing policies ask. One object serves for one choice after the other: what looks an
 * address up fills it in, without allocation.
 */
export class Whereabouts {
  /** Codes of two letters as `placeCode` makes them; 0: not known. */
  continent = 0;
  country = 0;
  /** Of the USA. */
  subdivision = 0;
  /** Whether there are coordinates: a point on the unit sphere. */
  hasPoint = false;
  x = 0;
  y = 0;
  z = 0;
  /** Leading bits of the client's address on which the above depends: 0, all clients are where it says. */
  bits = 0;

  clear(): void {
    this.continent = 0;
    this.country = 0;
    this.subdivision = 0;
    this.hasPoint = false;
    this.bits = 0;
  }
}

/** `DE` as a number from 1 to 65535. */
export function placeCode(letters: string): number {
  return (letters.charCodeAt(0) << 8) | letters.charCodeAt(1);
}

/** The point on the unit sphere: its x, y and z. */
export function pointOf({ latitude, longitude }: Coordinates): [number, number, number] {
  const [phi, lambda] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
}

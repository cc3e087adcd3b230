import { type Locations, locate } from '../zone/geo/locations.ts';
import { regionNamed } from '../zone/geo/regions.ts';
import { placeCode, pointOf, type Whereabouts } from '../zone/geo/whereabouts.ts';
import type { Locator } from '../zone/routing/asker.ts';

/** Everybody is in one region: how private zones see the clients of a VPC (route53-semantics 5.4). */
export class RegionLocator implements Locator {
  readonly #continent: number;
  readonly #country: number;
  readonly #subdivision: number;
  readonly #point: readonly [number, number, number] | undefined;

  /** A region that is none of AWS's is nowhere. */
  constructor(name: string) {
    const region = regionNamed(name);
    this.#continent = region === undefined ? 0 : placeCode(region.continent);
    this.#country = region === undefined ? 0 : placeCode(region.country);
    this.#subdivision = region?.subdivision === undefined ? 0 : placeCode(region.subdivision);
    this.#point = region && pointOf(region.at);
  }

  locate(_address: Uint8Array, _bits: number, found: Whereabouts): void {
    found.clear();
    found.continent = this.#continent;
    found.country = this.#country;
    found.subdivision = this.#subdivision;
    this.place(found);
  }

  /** Takes one who has no coordinates to be in this region. */
  place(found: Whereabouts): void {
    if (this.#point === undefined || found.hasPoint) return;
    found.hasPoint = true;
    found.x = this.#point[0];
    found.y = this.#point[1];
    found.z = this.#point[2];
  }
}

/**
 * Clients are where databases say that their addresses are. One that no database knows is in no country, and as far
 * away from everything as this node is.
 */
export class AddressLocator implements Locator {
  readonly #databases: readonly Locations[];
  readonly #home: RegionLocator;

  constructor(databases: readonly Locations[], home: RegionLocator) {
    this.#databases = databases;
    this.#home = home;
  }

  locate(address: Uint8Array, bits: number, found: Whereabouts): void {
    locate(this.#databases, address, bits, found);
    this.#home.place(found);
  }
}

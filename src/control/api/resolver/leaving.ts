import type { Resource, Revision } from '../../store/store.ts';
import type { Caller } from '../handler.ts';
import type { ResolverMeans } from './means.ts';

/** Associations that are deleted, while workers still answer by them. */
export class Leaving<Body> {
  readonly #means: ResolverMeans;
  #all: readonly { readonly association: Resource<Body>; readonly revision: Revision }[] = [];

  constructor(means: ResolverMeans) {
    this.#means = means;
  }

  /** @param revision that of its deletion */
  add(association: Resource<Body>, revision: Revision): void {
    this.#all = [...this.#now(), { association, revision }];
  }

  of({ account }: Caller): Resource<Body>[] {
    this.#all = this.#now();
    return this.#all.flatMap(({ association }) => (association.account === account ? association : []));
  }

  #now() {
    return this.#all.filter(({ revision }) => revision > this.#means.served());
  }
}

/**
 * Where resources made by the API live: an ordered log of changes, and the resources as the changes have left them.
 * This is the interface; `sqlite.ts` is the engine that ships. Whatever engine stands behind it passes
 * test/control/store/conformance.
 *
 *     API ─ apply(change) ─▶ ┌ change 41, 42, 43 … ┐ ─ watch ─▶ compile ─▶ snapshot of the data plane
 *                            └ resources           ┘ ─ get, list, count, snapshot ─▶ API, start
 *
 * Reads are synchronous and see everything that was acknowledged, and nothing else.
 */

/** Counts changes: 0 is the empty store, each change is the next number, and none is left out. */
export type Revision = number;

/** What a resource is called. */
export interface ResourceKey {
  /** `hosted-zone`, `record-set`, …: 1 to 64 octets; the store knows none of them. */
  readonly kind: string;
  /** Unique among its kind; 1 to 2,048 octets. */
  readonly id: string;
}

/** What the store keeps of a resource beside its body. */
export interface ResourceHead extends ResourceKey {
  /** The owner: 12 digits. */
  readonly account: string;
  /** The id of what it is a part of, of whatever kind: a record set's zone. */
  readonly parent?: string | undefined;
  /**
   * Its place among the resources of its kind and parent: by the octets of this text in UTF-8, then by those of the
   * id. Up to 2,048 octets; `order.ts` makes those that follow Route 53's order of lists.
   */
  readonly sort: string;
}

export interface Resource<Body = unknown> extends ResourceHead {
  /** Of the change that last put it. */
  readonly revision: Revision;
  /** Any JSON value. */
  readonly body: Body;
}

/** What must be there, or the change is refused: nothing, anything, or what that revision has put there. */
export type Expectation = 'absent' | 'present' | Revision;

export interface PutItem extends ResourceHead {
  readonly action: 'put';
  readonly body: unknown;
  readonly expect?: Expectation;
}

export interface DeleteItem extends ResourceKey {
  readonly action: 'delete';
  /** A resource to delete is always expected to be there. */
  readonly expect?: 'present' | Revision;
}

/** Changes nothing: the change as a whole depends on it. */
export interface CheckItem extends ResourceKey {
  readonly action: 'check';
  readonly expect: Expectation;
}

export type Item = PutItem | DeleteItem | CheckItem;

/** Who changes something, from where and how: the facts of the audit trail. */
export interface Origin {
  /** 12 digits. */
  readonly account: string;
  /** The id of the access key; empty where none was used. */
  readonly accessKey: string;
  /** An address, or `control socket`. */
  readonly source: string;
  /** `ChangeResourceRecordSets` */
  readonly operation: string;
  /** One line for people. */
  readonly summary: string;
}

/** The signed request that asked for the change. While it is remembered, an equal one is not applied again. */
export interface SignedRequest {
  /** A digest of all that was signed; up to 128 octets. */
  readonly hash: string;
  /** Any JSON value; an equal request gets it again. */
  readonly response: unknown;
  /** Milliseconds for which it is remembered: as long as its signature could be accepted. */
  readonly forMs: number;
}

/** All of it or nothing. Items apply in their order: a later one sees what an earlier one did. */
export interface Change {
  readonly origin: Origin;
  /** At least one that puts or deletes. */
  readonly items: readonly Item[];
  readonly request?: SignedRequest | undefined;
}

/**
 * Makes a change from what is there at the very moment when it is applied, `revision` being the one that it becomes.
 * What it throws is what `apply` rejects with. It may be called more than once, and does nothing else.
 */
export type Decision = (state: Reads, revision: Revision) => Change;

/** Kinds of this ending are secrets: their bodies are in no log, and are overwritten when they go. */
const SECRET_ENDING = '-secret';

export function isSecretKind(kind: string): boolean {
  return kind.endsWith(SECRET_ENDING);
}

/** An item as it was applied: where it is after a put, or was before a delete. */
export interface AppliedItem extends ResourceHead {
  readonly action: 'put' | 'delete';
  /** The bodies; undefined where there was, or is, no resource, and of secrets. */
  readonly before: unknown;
  readonly after: unknown;
}

export interface AppliedChange {
  readonly revision: Revision;
  /** Milliseconds since 1970; never less than that of the change before. */
  readonly at: number;
  readonly origin: Origin;
  readonly items: readonly AppliedItem[];
}

/** Where a list begins: at this place, or the next that there is. */
export interface Position {
  readonly sort: string;
  readonly id?: string | undefined;
}

export interface ListQuery {
  readonly kind: string;
  /** Undefined: those that are part of nothing. */
  readonly parent?: string | undefined;
  /** Only those of this account. */
  readonly account?: string | undefined;
  readonly from?: Position | undefined;
  /** Only those whose sort key is less: what is not wanted is not read either. */
  readonly below?: string | undefined;
  /** 1 to LIST_MAX. A reader that must know whether there are more asks for one more than it shows. */
  readonly limit: number;
}

export interface CountQuery {
  readonly kind: string;
  /** Undefined: all of the kind, whatever they are part of. */
  readonly parent?: string | undefined;
  readonly account?: string | undefined;
}

/** Throws StoreError: `invalid`, `corrupt`, `io`, `closed`. */
export interface Reads {
  get<Body = unknown>(kind: string, id: string): Resource<Body> | undefined;
  /** In the order of `sort`, then `id`. */
  list<Body = unknown>(query: ListQuery): Resource<Body>[];
  /** Takes as long for a million as for one. */
  count(query: CountQuery): number;
  /** What an equal request was answered, while that is remembered. */
  responseTo(hash: string): unknown;
}

/** Everything at one revision, whatever changes meanwhile. It holds resources until it is closed. */
export interface Snapshot extends Reads, Disposable {
  readonly revision: Revision;
  /** One at a time, in the order of kind, parent (those without one first), sort and id. */
  resources(kind?: string): IterableIterator<Resource>;
  close(): void;
}

export interface Watch {
  close(): void;
}

export interface AuditQuery {
  /** Milliseconds since 1970, inclusive. */
  readonly since?: number | undefined;
  /** Only changes before this revision: the way to older ones. */
  readonly before?: Revision | undefined;
  readonly account?: string | undefined;
  readonly accessKey?: string | undefined;
  readonly operation?: string | undefined;
  /** 1 to LIST_MAX. */
  readonly limit: number;
}

export interface AuditEntry {
  readonly revision: Revision;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly origin: Origin;
  /** How many resources it put or deleted. */
  readonly items: number;
}

export interface Store extends Reads {
  /** Of the last change. */
  readonly revision: Revision;
  /**
   * Revisions of stores with different incarnations have nothing to do with each other: a new store and a restored
   * one get a new incarnation.
   */
  readonly incarnation: string;
  /** Why the last attempt to write failed; undefined where writing works. */
  readonly fault: Error | undefined;
  /**
   * Resolves when the change is on the disk and watchers were told. Rejects, with nothing changed, with ConflictError,
   * RepeatedError, StoreError of any other fault, or with what the decision threw.
   */
  apply(change: Change | Decision): Promise<Revision>;
  /** Throws StoreError. */
  snapshot(): Snapshot;
  /** Changes after that revision in their order, at most `limit`. Throws StoreError: `compacted` and as reads do. */
  changes(after: Revision, limit: number): AppliedChange[];
  /**
   * Tells the changes after `after`, in order and each once: those that there are before it returns, others as they
   * are applied. Throws StoreError: `compacted` where not all are kept; a snapshot is the way then.
   */
  watch(after: Revision, listener: (change: AppliedChange) => void): Watch;
  /** The newest first. */
  audit(query: AuditQuery): AuditEntry[];
  /** Finishes what is under way; what is asked for later is refused as `closed`. */
  close(): Promise<void>;
}

/** An engine that can copy itself while it works. */
export interface BackedUp {
  /** Writes a file that must not exist yet. Rejects with StoreError. */
  backup(file: string): Promise<Backup>;
}

export interface Backup {
  readonly file: string;
  readonly revision: Revision;
  readonly octets: number;
}

/** The most that `list`, `changes` and `audit` return at once. */
export const LIST_MAX = 10_000;

import { TYPE } from '../../wire/constants.ts';
import { isAtOrBelow, type Name, nameKey } from '../../wire/name.ts';
import { octetsKey } from '../../wire/octets.ts';
import { canonicalRdata, typeToText } from '../../wire/rdata/table.ts';
import type { Content } from '../../zone/recordset.ts';
import { ALIAS_DEPTH_MAX } from '../../zone/setgroups.ts';
import type { Resources, ZoneIdentity } from '../records/input.ts';
import { nameFromRoute53, nameToRoute53 } from '../records/names.ts';
import type { Fault, FaultCode } from '../records/problem.ts';
import { checkSets } from '../records/rules.ts';
import { asRecordSet, type Draft, readRecordSet } from '../records/set.ts';
import { recordSetOrder } from '../store/order.ts';
import type { Item, Reads } from '../store/store.ts';
import { KIND, policyNamesOf, putSet, type SetBody, setId, type ZoneResource } from './bodies.ts';
import { draftOf, nameOfKey, StoredNames, setsAt } from './sets.ts';

export interface BatchChange {
  readonly action: 'CREATE' | 'UPSERT' | 'DELETE';
  readonly set: SetBody;
}

/** What is wrong with a batch, all of it; nothing of it is to be applied. */
export class BatchError extends Error {
  override readonly name = 'BatchError';
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    super(faults.map(({ message }) => message).join('; '));
    this.faults = faults;
  }
}

/**
 * What a batch of changes makes of the store: items for one change. The changes apply in order to a working copy of
 * the names that they speak of; all that is wrong with them, and with what they leave, is told at once. Throws
 * BatchError.
 * @param setsMax record sets that the zone may have (its account's quota)
 */
export function decideBatch(
  state: Reads,
  zone: ZoneResource,
  changes: readonly BatchChange[],
  resources: Resources,
  setsMax: number,
): Item[] {
  const batch = new Batch(state, zone, resources, setsMax);
  for (const change of changes) batch.apply(change);
  return batch.finish();
}

/** One set in the working copy. `before` is what the store has. */
interface Slot {
  readonly sort: string;
  readonly before: SetBody | undefined;
  after: { readonly body: SetBody; readonly draft: Draft } | undefined;
}

class Batch {
  readonly #state: Reads;
  readonly #zone: ZoneResource;
  readonly #identity: ZoneIdentity;
  readonly #policyNames: Name;
  readonly #resources: Resources;
  readonly #setsMax: number;
  readonly #faults: Fault[] = [];
  /** By the key of the name, then by sort key. */
  readonly #names = new Map<string, Map<string, Slot>>();

  constructor(state: Reads, zone: ZoneResource, resources: Resources, setsMax: number) {
    this.#state = state;
    this.#zone = zone;
    this.#resources = resources;
    this.#setsMax = setsMax;
    this.#identity = { name: nameFromRoute53(zone.body.name), id: zone.id };
    this.#policyNames = policyNamesOf(zone);
  }

  apply({ action, set }: BatchChange): void {
    const report = (code: FaultCode, field: Fault['field'], message: string, remedy: string): void => {
      // What a set names may be gone since: that is no reason why it may not go as well.
      if (action === 'DELETE' && code.startsWith('NoSuch')) return;
      this.#faults.push({ code, field, message, remedy });
    };
    const draft = readRecordSet({ zone: this.#identity, resources: this.#resources, action, report }, set);
    if (draft.name === undefined || draft.type === undefined) return;
    const sort = recordSetOrder(draft.name, set.type, set.setIdentifier);
    const slots = this.#load(nameKey(draft.name));
    const slot = slots.get(sort) ?? { sort, before: undefined, after: undefined };
    slots.set(sort, slot);
    const owner = this.#ownerOf(draft.name, slots, set);
    if (owner !== set.trafficPolicyInstanceId) {
      const message = `Tried to change resource record set ${keyText(draft, set)} but it is for instances of traffic policies alone`;
      report('InvalidChangeBatch', [], message, 'update or delete the instance');
      return;
    }
    const refusal = refusalOf(action, slot.after?.draft, draft);
    if (refusal !== undefined) {
      const message = `Tried to ${refusal[0]} resource record set ${keyText(draft, set)} but ${refusal[1]}`;
      report('InvalidChangeBatch', [], message, 'list the record sets of the zone to see what is there');
      return;
    }
    slot.after = action === 'DELETE' ? undefined : { body: normalised(set, draft), draft };
  }

  /** The items, once all that the changes leave goes together. */
  finish(): Item[] {
    const slots = [...this.#names.values()].flatMap((names) => [...names.values()]);
    const left = slots.flatMap(({ after }) => after?.draft ?? []);
    const others = new StoredNames(this.#state, this.#zone.id, new Set(this.#names.keys()));
    if (this.#faults.length === 0) this.#faults.push(...checkSets(this.#identity, left, others));
    if (this.#faults.length === 0) this.#checkApex();
    if (this.#faults.length === 0) this.#checkAliases(left);
    const items = slots.flatMap((slot) => this.#itemOf(slot));
    this.#checkCount(slots);
    if (this.#faults.length > 0) throw new BatchError(this.#faults);
    return items;
  }

  /** The instance of a traffic policy that alone may change what is of the name and type of a set. */
  #ownerOf(name: Name, slots: ReadonlyMap<string, Slot>, set: SetBody): string | undefined {
    for (const { after } of slots.values())
      if (after?.body.type === set.type && after.body.trafficPolicyInstanceId !== undefined)
        return after.body.trafficPolicyInstanceId;
    const isInside = isAtOrBelow(name, this.#policyNames);
    return isInside ? (set.trafficPolicyInstanceId ?? 'nobody') : set.trafficPolicyInstanceId;
  }

  #load(key: string): Map<string, Slot> {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const stored = setsAt(this.#state, this.#zone.id, nameOfKey(key));
    const slots = new Map(
      stored.map(({ sort, body }): [string, Slot] => {
        const draft = draftOf(this.#identity, body, this.#resources);
        return [sort, { sort, before: body, after: { body, draft } }];
      }),
    );
    this.#names.set(key, slots);
    return slots;
  }

  #itemOf({ sort, before, after }: Slot): Item[] {
    const id = setId(this.#zone.id, sort);
    if (after === undefined) return before === undefined ? [] : [{ action: 'delete', kind: KIND.set, id }];
    if (after.body === before) return [];
    return [putSet(this.#zone, after.draft.name!, after.body)];
  }

  /** The zone's own SOA and NS may be changed and not be taken away. */
  #checkApex(): void {
    const apex = this.#names.get(nameKey(this.#identity.name));
    if (apex === undefined) return;
    const types = [...apex.values()].flatMap(({ after }) => after?.draft.type ?? []);
    if (types.filter((type) => type === TYPE.SOA).length !== 1)
      this.#refuse('A HostedZone must contain exactly one SOA record.', 'change it by UPSERT');
    if (!types.includes(TYPE.NS))
      this.#refuse(
        'A HostedZone must contain at least one NS record for the zone itself.',
        'change it by UPSERT',
      );
  }

  /** The rules see circles inside the batch; this sees those that go on through what is stored. */
  #checkAliases(left: readonly Draft[]): void {
    for (const draft of left) {
      const { content, name, type } = draft;
      if (content?.kind !== 'alias' || content.where !== 'zone' || name === undefined) continue;
      if (!this.#leadsOut(draft, ALIAS_DEPTH_MAX))
        this.#refuse(
          `Tried to create an alias that targets ${nameToRoute53(content.target)}, type ${typeToText(type!)} in zone ${this.#zone.id}, but its aliases lead in a circle`,
          'let one of them have values',
        );
    }
  }

  #leadsOut({ content, type }: Draft, depth: number): boolean {
    if (content?.kind !== 'alias' || content.where !== 'zone') return true;
    if (depth === 0) return false;
    return this.#at(nameKey(content.target))
      .filter((next) => next.type === type)
      .every((next) => this.#leadsOut(next, depth - 1));
  }

  /** The sets at a name, as the batch leaves them. */
  #at(key: string): Draft[] {
    return [...this.#load(key).values()].flatMap(({ after }) => after?.draft ?? []);
  }

  #checkCount(slots: readonly Slot[]): void {
    const more = slots.reduce(
      (sum, { before, after }) => sum + (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1),
      0,
    );
    const most = this.#setsMax;
    if (more <= 0 || this.#state.count({ kind: KIND.set, parent: this.#zone.id }) + more <= most) return;
    const remedy = 'make another zone, or raise quotas.recordsPerZone of the account in the configuration';
    this.#refuse(`Number of records limit of ${most} exceeded.`, remedy);
  }

  #refuse(message: string, remedy: string): void {
    this.#faults.push({ code: 'InvalidChangeBatch', field: [], message, remedy });
  }
}

/** What was tried, and why not. */
function refusalOf(
  action: BatchChange['action'],
  there: Draft | undefined,
  draft: Draft,
): readonly [string, string] | undefined {
  switch (action) {
    case 'CREATE':
      return there === undefined ? undefined : ['create', 'it already exists'];
    case 'UPSERT':
      return undefined;
    case 'DELETE':
      if (there === undefined) return ['delete', 'it was not found'];
      return isSame(there, draft)
        ? undefined
        : ['delete', 'the values provided do not match the current values'];
  }
}

/** `[name='www.example.com.', type='A', set-identifier='one']` */
function keyText({ name }: Draft, { type, setIdentifier }: SetBody): string {
  const identifier = setIdentifier === undefined ? '' : `, set-identifier='${setIdentifier}'`;
  return `[name='${nameToRoute53(name!)}', type='${type}'${identifier}]`;
}

/** Names as Route 53 gives them back; values stay as they came. */
function normalised(set: SetBody, { name, content }: Draft): SetBody {
  const body = { ...set, name: nameToRoute53(name!) };
  if (set.aliasTarget === undefined || content?.kind !== 'alias') return body;
  return { ...body, aliasTarget: { ...set.aliasTarget, dnsName: nameToRoute53(content.target) } };
}

/** What DELETE has to say right: order of values, case of names and final dots apart, all of the set. */
function isSame(a: Draft, b: Draft): boolean {
  const [one, other] = [asRecordSet(a), asRecordSet(b)];
  // What a set names may be gone since: what cannot be read any more can be deleted all the same.
  if (one === undefined || other === undefined) return true;
  return (
    JSON.stringify(one.policy) === JSON.stringify(other.policy) &&
    one.health === other.health &&
    contentKey(one.type, one.content) === contentKey(other.type, other.content)
  );
}

function contentKey(type: number, content: Content): string {
  if (content.kind === 'alias')
    return `alias ${content.where} ${content.evaluateTargetHealth} ${nameKey(content.target)}`;
  const values = content.rdatas.map((rdata) => octetsKey(canonicalRdata(type, rdata)));
  return JSON.stringify([content.ttl, values.sort()]);
}

import { cidrToText } from '../../util/cidr.ts';
import type { ZoneData } from '../../view/snapshot.ts';
import { isAtOrBelow, nameFromText, nameKey, nameToText } from '../../wire/name.ts';
import { type LocalZone, localZones, vpcLocalZones } from '../../zone/local.ts';
import { stableKey } from './key.ts';

export interface LocalVpc {
  readonly id: string;
  /** Default: the node's. */
  readonly region?: string | undefined;
  readonly cidrs: Parameters<typeof vpcLocalZones>[0]['cidrs'];
  readonly autodefinedReverse: boolean;
}

/** The reverse of loopback addresses is localhost, also for a VPC of which they are clients. */
const LOOPBACK_REVERSE = nameFromText('127.in-addr.arpa.');

/**
 * The zones that VPCs have without being asked for. Those of RFCs are the same for all and made once; those of a
 * VPC's own blocks are kept over reloads while blocks and region stay.
 */
export class LocalZones {
  readonly #common: readonly Local[];
  readonly #before: ReadonlyMap<string, Own>;
  readonly #own = new Map<string, Own>();

  constructor(previous?: LocalZones) {
    this.#common =
      previous?.common ?? localZones().map((zone) => asData(zone, `local:${nameToText(zone.name)}`));
    this.#before = previous?.own ?? new Map();
  }

  get common(): readonly Local[] {
    return this.#common;
  }

  get own(): ReadonlyMap<string, Own> {
    return this.#own;
  }

  /** The zones of one VPC. At a name that both have, its own comes in place of the common one. */
  of(vpc: LocalVpc, nodeRegion: string): readonly ZoneData[] {
    const before = this.#before.get(vpc.id);
    const region = vpc.region ?? nodeRegion;
    const own = before?.vpc === vpc && before.region === region ? before : this.#make(vpc, region, before);
    this.#own.set(vpc.id, own);
    return own.seen;
  }

  #make(vpc: LocalVpc, region: string, before: Own | undefined): Own {
    const { cidrs } = vpc;
    const isSame = before?.region === region && textOf(before.vpc.cidrs) === textOf(cidrs);
    const zones = isSame ? before.zones : makeOwn(vpc.id, { region, cidrs });
    const replaced = new Set(zones.map(({ data }) => nameKey(data.name)));
    const all = [...this.#common.filter(({ data }) => !replaced.has(nameKey(data.name))), ...zones];
    const seen = all
      .filter(({ group }) => vpc.autodefinedReverse || group !== 'autodefined-reverse')
      .map(({ data }) => data);
    return { vpc, region, zones, seen };
  }
}

interface Local {
  readonly data: ZoneData;
  readonly group: LocalZone['group'];
}

interface Own {
  /** Of what they were made. */
  readonly vpc: LocalVpc;
  readonly region: string;
  /** Of its own blocks and region. */
  readonly zones: readonly Local[];
  /** All that it has. */
  readonly seen: readonly ZoneData[];
}

function textOf(cidrs: LocalVpc['cidrs']): string {
  return cidrs.map(cidrToText).join();
}

function makeOwn(id: string, of: Parameters<typeof vpcLocalZones>[0]): Local[] {
  return vpcLocalZones(of)
    .filter(({ name }) => !isAtOrBelow(name, LOOPBACK_REVERSE))
    .map((zone) => asData(zone, `local:${id}:${nameToText(zone.name)}`));
}

function asData({ name, image, group, compute }: LocalZone, id: string): Local {
  return {
    data: { id, key: stableKey('zone', id), name, kind: 'local', clientsBy: 'vpc', image, compute },
    group,
  };
}

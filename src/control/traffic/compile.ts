import { POLICY_LABEL, type SetBody } from '../hosted/bodies.ts';
import type { GeoProximityInput, RecordSetInput } from '../records/input.ts';
import { type Branch, branchesOf, type Document, type Rule } from './document.ts';

/** Where a policy is to answer. */
export interface Instance {
  readonly id: string;
  /** The zone's name as Route 53 writes it. */
  readonly zone: string;
  readonly name: string;
  readonly ttl: number;
}

/**
 * The record sets that a policy is made of: at the instance's name one that leads to the group of the first rule, and
 * below `POLICY_LABEL` a group for each rule that is ever reached.
 */
export function setsOfPolicy(document: Document, instance: Instance): SetBody[] {
  return new Policy(document, instance).sets();
}

class Policy {
  readonly #document: Document;
  readonly #instance: Instance;
  readonly #names: string[];

  constructor(document: Document, instance: Instance) {
    this.#document = document;
    this.#instance = instance;
    this.#names = Object.keys(document.Rules ?? {});
  }

  sets(): SetBody[] {
    const { StartEndpoint: EndpointReference, StartRule: RuleReference } = this.#document;
    const start = this.#leading({ EndpointReference, RuleReference, EvaluateTargetHealth: true });
    const sets: SetBody[] = [this.#set(this.#instance.name, start)];
    const reached = new Set(RuleReference === undefined ? [] : [RuleReference]);
    // A set is gone through in the order of its making, also while it grows.
    for (const name of reached) {
      const rule = this.#document.Rules![name]!;
      const policies = policiesOf(rule);
      branchesOf(rule).forEach((branch, i) => {
        if (branch.RuleReference !== undefined) reached.add(branch.RuleReference);
        const setIdentifier = String(i + 1);
        sets.push(this.#set(this.#nameOf(name), { setIdentifier, ...policies[i], ...this.#leading(branch) }));
      });
    }
    return sets;
  }

  #set(name: string, members: Partial<SetBody>): SetBody {
    return { name, type: this.#document.RecordType, ...members, trafficPolicyInstanceId: this.#instance.id };
  }

  /** Labels of a rule are numbers: its name may be anything. */
  #nameOf(rule: string): string {
    const { id, zone } = this.#instance;
    return `_${this.#names.indexOf(rule)}.${id}.${POLICY_LABEL}.${zone}`;
  }

  #leading({
    EndpointReference,
    RuleReference,
    EvaluateTargetHealth,
    HealthCheck,
  }: Branch): Partial<SetBody> {
    const evaluateTargetHealth = EvaluateTargetHealth ?? false;
    const health = HealthCheck === undefined ? {} : { healthCheckId: HealthCheck };
    if (RuleReference !== undefined)
      return { aliasTarget: { dnsName: this.#nameOf(RuleReference), evaluateTargetHealth }, ...health };
    const endpoint = this.#document.Endpoints[EndpointReference!]!;
    if (endpoint.Type === 'value') return { ttl: this.#instance.ttl, values: [endpoint.Value], ...health };
    return { aliasTarget: { dnsName: endpoint.Value, evaluateTargetHealth }, ...health };
  }
}

/** What makes each branch of a rule that of its policy. */
function policiesOf(rule: Rule): Partial<RecordSetInput>[] {
  switch (rule.RuleType) {
    case 'failover':
      return [{ failover: 'PRIMARY' }, { failover: 'SECONDARY' }];
    case 'weighted':
      return rule.Items.map(({ Weight: weight }) => ({ weight }));
    case 'geo':
      return rule.Locations.map(({ IsDefault, Continent, Country, Subdivision }) => ({
        geoLocation: IsDefault
          ? { countryCode: '*' }
          : {
              ...(Continent === undefined ? {} : { continentCode: Continent }),
              ...(Country === undefined ? {} : { countryCode: Country }),
              ...(Subdivision === undefined ? {} : { subdivisionCode: Subdivision }),
            },
      }));
    case 'latency':
      return rule.Regions.map(({ Region: region }) => ({ region }));
    case 'multivalue':
      return rule.Items.map(() => ({ multiValueAnswer: true }));
    case 'geoproximity':
      return rule.GeoproximityLocations.map((each) => ({ geoProximityLocation: proximityOf(each) }));
  }
}

type GeoproximityLocation = Extract<Rule, { RuleType: 'geoproximity' }>['GeoproximityLocations'][number];

/** The later format has a Location, the first one its members themselves. */
function proximityOf({
  Region,
  Latitude,
  Longitude,
  Location,
  Bias,
}: GeoproximityLocation): GeoProximityInput {
  const latitude = Location?.Latitude ?? Latitude;
  const longitude = Location?.Longitude ?? Longitude;
  const bias = Bias === undefined ? {} : { bias: Bias };
  const place = Location?.LocationName ?? Region;
  if (place === undefined)
    return { coordinates: { latitude: latitude ?? '', longitude: longitude ?? '' }, ...bias };
  const name = place.replace(/^aws:route53:/, '');
  // `us-east-1-atl-1a` is a zone of the group `us-east-1-atl-1`.
  return Location?.Type === 'LocalZone'
    ? { localZoneGroup: name.replace(/[a-z]$/, ''), ...bias }
    : { awsRegion: name, ...bias };
}

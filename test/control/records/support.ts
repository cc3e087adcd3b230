import type { RecordSetInput, Resources, ZoneIdentity } from '../../../src/control/records/input.ts';
import { NO_OTHER_RECORDS, type OtherRecords, type SetFault } from '../../../src/control/records/members.ts';
import { checkSets } from '../../../src/control/records/rules.ts';
import { asRecordSet, type Draft, readRecordSet } from '../../../src/control/records/set.ts';
import { nameFromText } from '../../../src/wire/name.ts';
import type { RecordSet } from '../../../src/zone/recordset.ts';

export const ZONE: ZoneIdentity = { name: nameFromText('example.com.'), id: 'Z1' };

/** One of everything. */
export const RESOURCES: Resources = {
  healthCheck: (id) => (id === 'hc-1' ? 7 : undefined),
  cidrCollection: (id) =>
    ['offices', 'branches'].includes(id)
      ? { slot: id === 'offices' ? 3 : 4, hasLocation: (name) => name === 'berlin' || name === 'paris' }
      : undefined,
  gazetteer: {
    regions: ['eu-central-1', 'us-east-1'],
    region: (name) => ({ 'eu-central-1': { latitude: 50.11, longitude: 8.68 }, 'us-east-1': VIRGINIA })[name],
    localZoneGroup: (name) =>
      name === 'us-east-1-bue-1' ? { latitude: -34.6, longitude: -58.4 } : undefined,
    hasContinent: (code) => code === 'EU' || code === 'NA',
    hasCountry: (code) => code === 'DE' || code === 'US',
    hasSubdivision: (country, code) => country === 'US' && code === 'WA',
  },
};

const VIRGINIA = { latitude: 38.95, longitude: -77.45 };

/** Reads the sets of one zone, and tells what is wrong with each and with all. */
export function read(
  inputs: readonly RecordSetInput[],
  others: OtherRecords = NO_OTHER_RECORDS,
): { sets: (RecordSet | undefined)[]; drafts: Draft[]; faults: SetFault[] } {
  const faults: SetFault[] = [];
  const drafts = inputs.map((input, index) =>
    readRecordSet(
      {
        zone: ZONE,
        resources: RESOURCES,
        action: 'CREATE',
        report: (code, field, message, remedy) => faults.push({ code, index, field, message, remedy }),
      },
      input,
    ),
  );
  return { sets: drafts.map(asRecordSet), drafts, faults: [...faults, ...checkSets(ZONE, drafts, others)] };
}

/** `index field: message` */
export function shortly({ index, field, message }: SetFault): string {
  return `${index} ${field.join('.')}: ${message}`;
}

export function faultsOf(inputs: readonly RecordSetInput[], others?: OtherRecords): string[] {
  return read(inputs, others).faults.map(shortly);
}

export const A = (name: string, more: Partial<RecordSetInput> = {}): RecordSetInput => ({
  name,
  type: 'A',
  ttl: 60,
  values: ['192.0.2.1'],
  ...more,
});

export const ALIAS = (name: string, dnsName: string, more: Partial<RecordSetInput> = {}): RecordSetInput => ({
  name,
  type: 'A',
  aliasTarget: { hostedZoneId: 'Z1', dnsName, evaluateTargetHealth: false },
  ...more,
});

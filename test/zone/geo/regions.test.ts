import t from 'tap';
import { isCountry, isSubdivision } from '../../../src/zone/geo/places.ts';
import {
  localZoneGroupNamed,
  locationKey,
  REGION_NAMES,
  regionKey,
  regionNamed,
} from '../../../src/zone/geo/regions.ts';

/** ResourceRecordSetRegion of the API's model of 2026. */
const MODEL = `us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 eu-west-1 eu-west-2 eu-west-3 eu-central-1
  eu-central-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-northeast-1 ap-northeast-2 ap-northeast-3 eu-north-1
  sa-east-1 cn-north-1 cn-northwest-1 ap-east-1 me-south-1 me-central-1 ap-south-1 ap-south-2 af-south-1 eu-south-1
  eu-south-2 ap-southeast-4 il-central-1 ca-west-1 ap-southeast-5 mx-central-1 ap-southeast-7 us-gov-east-1
  us-gov-west-1 ap-east-2 ap-southeast-6 eusc-de-east-1`.split(/\s+/);

t.test('all regions of the API, with sensible places', async (t) => {
  t.same([...REGION_NAMES], MODEL.sort());
  for (const name of REGION_NAMES) {
    const { at, country, subdivision } = regionNamed(name)!;
    t.ok(isCountry(country), name);
    t.ok(Math.abs(at.latitude) <= 60 && Math.abs(at.longitude) <= 180, name);
    if (country === 'US') t.ok(isSubdivision('US', subdivision!), name);
    else t.equal(subdivision, undefined, name);
  }
  t.same(regionNamed('us-east-1'), {
    name: 'us-east-1',
    at: { latitude: 39.04, longitude: -77.49 },
    continent: 'NA',
    country: 'US',
    subdivision: 'VA',
  });
  t.equal(regionNamed('site-berlin'), undefined);
});

t.test('local zone groups', async (t) => {
  t.match(localZoneGroupNamed('us-east-1-bue-1'), {
    name: 'us-east-1-bue-1',
    country: 'AR',
    continent: 'SA',
  });
  t.match(localZoneGroupNamed('us-east-1-atl-2'), { country: 'US', subdivision: 'GA' });
  for (const name of ['us-east-1', 'us-east-1-xxx-1', 'mars-1-bue-1', 'us-east-1-bue-1a', 'us-east-1-bue-0'])
    t.equal(localZoneGroupNamed(name), undefined, name);
});

t.test('keys are of 30 bits, without collisions among regions, and never change', async (t) => {
  const keys = REGION_NAMES.map(regionKey);
  t.equal(new Set(keys).size, keys.length);
  t.ok(keys.every((key) => Number.isInteger(key) && key >= 0 && key < 2 ** 30));
  t.not(regionKey('berlin'), locationKey('berlin'));
  t.same([regionKey('eu-central-1'), locationKey('office')], [944033687, 658467962], 'stored in images');
});

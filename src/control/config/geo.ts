import * as z from 'zod';
import { duration, setting } from './setting.ts';

/** Each is asked for each address that those before it do not know. */
const DATABASES_MAX = 8;
const path = z.string().min(1);

/** Where clients are, for geolocation, geoproximity and latency records. */
export const geoSchema = z.strictObject({
  database: setting(z.union([path, z.array(path).min(1).max(DATABASES_MAX)]), {
    description:
      'MaxMind DB files of countries or cities. Of several, the first that knows an address counts. Relative paths start at the folder of the configuration file. A file that is broken is refused, with a line in the log, and what was read before stays.',
    range: 'a path, or a list of paths',
    example: '/usr/share/GeoIP/GeoLite2-City.mmdb',
    absent: 'no client is located: default records answer',
  }).optional(),
  rtt: setting(path, {
    description:
      'Text file of measured round-trip times for latency records: in each line a block of addresses or a country, a region, and milliseconds; `#` begins a comment.',
    range: 'a path',
    example: 'rtt.txt',
    absent: 'great-circle distances decide',
  }).optional(),
  refresh: setting(duration('1s', '1d'), {
    description: 'How often it is seen whether these files have changed; a changed one is read again.',
    range: 'a time from 1s to 1d',
    example: '10m',
  }).prefault('1m'),
});

export type GeoConfig = z.output<typeof geoSchema>;

export const geoExample = `geo:
  database: [own-networks.mmdb, /usr/share/GeoIP/GeoLite2-City.mmdb]
  rtt: rtt.txt
  refresh: 1m
`;

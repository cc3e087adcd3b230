import type { ClientReport, GeoFileReport, GeoReport } from '../view/report.ts';
import { type Command, DAEMON_OPTIONS, type Io, usageError } from './command.ts';
import { ask, socketOf } from './daemon.ts';
import { type Cell, cell, duration, json, number, table } from './output.ts';

/** Regions shown: the nearest. */
const REGIONS_SHOWN = 5;

export const command: Command = {
  name: 'geo',
  usage: '[ADDRESS] [--json]',
  summary:
    'Shows the files that say where clients are, and of an address what they say: country, coordinates, the nearest\nregions, its locations in CIDR collections, and what each database has.',
  options: { ...DAEMON_OPTIONS },
  examples: ['causeway geo', 'causeway geo 203.0.113.9', 'causeway geo 2001:db8::1 --json'],
  async run(input, io) {
    if (input.positionals.length > 1) throw usageError('geo', 'name one address');
    const [address] = input.positionals;
    const query = address === undefined ? '' : `?address=${encodeURIComponent(address)}`;
    const report = await ask<GeoReport>(socketOf(input, io.cwd), 'GET', `/geo${query}`);
    io.out(input.flag('json') ? json(report) : geoText(report, io));
    return 0;
  },
};

function geoText({ files, client }: GeoReport, { colour }: Pick<Io, 'colour'>): string {
  const parts = [
    files.length === 0
      ? 'no file says where clients are\n'
      : table(['FILE', 'KIND', 'ENTRIES', 'MADE', 'READ', 'STATE'], files.flatMap(fileRows), colour),
  ];
  if (client === undefined) return parts.join('\n');
  parts.push(placeText(client));
  const { regions, collections, records } = client;
  if (regions.length > 0)
    parts.push(
      table(['NEAREST REGIONS', 'MS', 'KM'], regions.slice(0, REGIONS_SHOWN).map(regionRow), colour),
    );
  if (collections.length > 0)
    parts.push(
      table(
        ['CIDR COLLECTION', 'LOCATION'],
        collections.map(({ collection, location }) => [cell(collection), cell(location)]),
        colour,
      ),
    );
  if (records.length > 0)
    parts.push(table(['DATABASE', 'NETWORK', 'RECORD'], records.map(recordRow), colour));
  return parts.join('\n');
}

/** A line for each fault. */
function fileRows({
  file,
  kind,
  entries,
  type,
  buildAgeSeconds,
  ageSeconds,
  faults,
}: GeoFileReport): Cell[][] {
  const ago = (seconds: number | undefined): Cell =>
    cell(seconds === undefined ? '-' : `${duration(seconds)} ago`);
  const head = [cell(file), cell(type ?? kind), number(entries), ago(buildAgeSeconds), ago(ageSeconds)];
  const states =
    faults.length === 0
      ? [cell('in force', 'green')]
      : faults.map((fault) => cell(`refused: ${fault}`, 'red'));
  return states.map((state, i) => (i === 0 ? [...head, state] : [...head.map(() => cell('')), state]));
}

function placeText({
  address,
  continent,
  country,
  subdivision,
  latitude,
  longitude,
  bits,
}: ClientReport): string {
  const codes = [continent, country, subdivision].filter((code) => code !== undefined);
  const where = codes.length === 0 ? 'is in no place that is known' : `is in ${codes.join(' ')}`;
  const point = latitude === undefined ? '' : `, at ${latitude} ${longitude}`;
  return `${address} ${where}${point}, as is all of its /${bits}\n`;
}

function regionRow({ region, ms, km }: ClientReport['regions'][number]): Cell[] {
  return [cell(region), number(ms, 1), number(km)];
}

function recordRow({ file, bits, record, fault }: ClientReport['records'][number]): Cell[] {
  return [cell(file), cell(`/${bits}`), cell(fault ?? record ?? 'nothing')];
}

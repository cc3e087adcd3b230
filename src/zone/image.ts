/** The zone image: `layout.ts` draws it, `build.ts` checks a zone and writes one, `zone.ts` reads it. */
export {
  type ApexNames,
  buildZone,
  type Problem,
  type ZoneBuild,
  ZoneBuilder,
  type ZoneOptions,
} from './build.ts';
export { ImageError, Zone } from './zone.ts';

import type { ProfilesHandlers } from '../handler.ts';
import { associationHandlers } from './associations.ts';
import type { ProfilesMeans } from './means.ts';
import { profileHandlers } from './profiles.ts';
import { resourceHandlers } from './resources.ts';
import { tagHandlers } from './tags.ts';

/** All of Route 53 Profiles. */
export function profilesHandlers(means: ProfilesMeans): ProfilesHandlers {
  return {
    ...profileHandlers(means),
    ...associationHandlers(means),
    ...resourceHandlers(means),
    ...tagHandlers(means),
  };
}

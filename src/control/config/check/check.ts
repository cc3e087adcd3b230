import type { Places } from '../document.ts';
import type { ConfigProblem } from '../problem.ts';
import { checkApi } from './api.ts';
import { checkCollections } from './collections.ts';
import { CheckContext, type Draft } from './context.ts';
import { checkEndpoints, Listening } from './endpoints.ts';
import { checkFirewall } from './firewall.ts';
import { checkHealth } from './health.ts';
import { checkLogs, checkTraces } from './logs.ts';
import { checkPublicZones } from './publiczones.ts';
import { checkRecursion } from './recursion.ts';
import { checkRules } from './rules.ts';
import { checkVpcs } from './vpcs.ts';
import { checkZones } from './zones.ts';

/** Checks what refers to something else, or may be there only once: each part may be right, and the whole not. */
export function crossCheck(
  places: Places,
  draft: Draft,
): { errors: ConfigProblem[]; warnings: ConfigProblem[] } {
  const context = new CheckContext(places, draft);
  const listening = new Listening();
  checkRecursion(context);
  checkVpcs(context);
  checkCollections(context);
  checkEndpoints(context, listening);
  const rules = checkRules(context, listening);
  checkZones(context, rules);
  checkFirewall(context);
  checkHealth(context);
  checkPublicZones(context);
  checkLogs(context);
  checkTraces(context);
  checkApi(context);
  return { errors: context.errors, warnings: context.warnings };
}

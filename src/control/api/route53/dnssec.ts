import type { ZoneResource } from '../../hosted/bodies.ts';
import { type ApiError, apiError } from '../errors.ts';
import type { Call, Route53Handlers } from '../handler.ts';
import { type Means, ownZone } from './means.ts';

/** Zones are not signed yet: what there is to see is an unsigned zone, and what would sign one says so. */
export function dnssecHandlers(means: Means): Route53Handlers {
  const zoneFor = ({ input, caller }: Call<{ readonly HostedZoneId: string }>): ZoneResource => {
    const zone = ownZone(means.store, input.HostedZoneId, caller);
    if (zone.body.vpcs.length > 0)
      throw apiError('InvalidArgument', 'Operation is unsupported for private hosted zones');
    return zone;
  };
  const withoutKey = (call: Call<{ readonly HostedZoneId: string; readonly Name: string }>): never => {
    const { id } = zoneFor(call);
    throw apiError('NoSuchKeySigningKey', `The hosted zone ${id} has no key-signing key ${call.input.Name}.`);
  };
  return {
    GetDNSSEC(call) {
      zoneFor(call);
      return { Status: { ServeSignature: 'NOT_SIGNING' }, KeySigningKeys: [] };
    },

    CreateKeySigningKey(call) {
      zoneFor(call);
      throw notYet('InvalidArgument', 'no key-signing key can be created');
    },

    EnableHostedZoneDNSSEC(call) {
      const { id } = zoneFor(call);
      const code = 'KeySigningKeyWithActiveStatusNotFound';
      throw notYet(code, `the hosted zone ${id} has no active key-signing key and can be given none`);
    },

    DisableHostedZoneDNSSEC(call) {
      const { id } = zoneFor(call);
      throw apiError('DNSSECNotFound', `The hosted zone ${id} does not have any DNSSEC resources.`);
    },

    ActivateKeySigningKey: withoutKey,
    DeactivateKeySigningKey: withoutKey,
    DeleteKeySigningKey: withoutKey,
  };
}

function notYet(code: 'InvalidArgument' | 'KeySigningKeyWithActiveStatusNotFound', why: string): ApiError {
  return apiError(code, `DNSSEC signing of hosted zones is not supported yet: ${why}.`);
}

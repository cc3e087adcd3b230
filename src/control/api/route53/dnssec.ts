import { algorithmToText } from '../../../dnssec/algorithm.ts';
import { digestToText, readDs } from '../../../dnssec/ds.ts';
import { toHex } from '../../../wire/base.ts';
import { TYPE } from '../../../wire/constants.ts';
import { rdataToText } from '../../../wire/rdata/table.ts';
import {
  type ChangeBody,
  KIND,
  type SigningKeyBody,
  type SigningKeyResource,
  type ZoneResource,
} from '../../hosted/bodies.ts';
import { newKeyPair, published, signingKeyId, signingKeysOf } from '../../hosted/signingkeys.ts';
import { revisionOrder } from '../../store/order.ts';
import type { Item, PutItem, Reads } from '../../store/store.ts';
import { type ApiError, apiError } from '../errors.ts';
import { type Call, type Caller, locationOf, type Route53Handlers } from '../handler.ts';
import type { CreateKeySigningKeyRequest, KeySigningKey } from '../models/route53.ts';
import { changeInfo, type Means, newId, originOf, ownZone, putChange } from './means.ts';
import { putZone } from './zones.ts';

/** Of a zone. */
const KEYS_MAX = 2;
const NAME = /^[0-9A-Za-z_]{3,128}$/;
/** A key, no alias of one; AWS takes them from this region only. Those of several regions have no UUID. */
const KMS_KEY =
  /^arn:aws[\w-]*:kms:us-east-1:\d{12}:key\/(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;
const STATUSES: readonly string[] = ['ACTIVE', 'INACTIVE'] satisfies SigningKeyBody['status'][];

type KeyCall = Call<{ readonly HostedZoneId: string; readonly Name: string }>;

/**
 * Key-signing keys, and whether a zone is signed with them. Zones are not signed yet, so that signing is refused where it
 * would be enabled; all else is as it will be then.
 */
export function dnssecHandlers(means: Means): Route53Handlers {
  /** Makes of a key what `decide` says, and tells of the change as others are told. */
  const changeKey = async (
    call: KeyCall,
    decide: (key: SigningKeyResource, zone: ZoneResource, state: Reads) => Item[],
  ) => {
    const { HostedZoneId: zoneId, Name: name } = call.input;
    const id = newId(means.prng, 'C');
    const record = putChange(id, call);
    const revision = await means.store.apply((state) => {
      const zone = publicZone(state, zoneId, call.caller);
      const items = decide(ownKey(state, zone, name), zone, state);
      return { origin: originOf(call, `${zone.id}: ${name}`), items: [...items, record] };
    });
    return { ChangeInfo: changeInfo(means, id, { submittedAt: call.at }, revision) };
  };

  return {
    GetDNSSEC({ input, caller }) {
      const zone = publicZone(means.store, input.HostedZoneId, caller);
      return {
        Status: { ServeSignature: zone.body.signing ? 'SIGNING' : 'NOT_SIGNING' },
        KeySigningKeys: signingKeysOf(means.store, zone).map(({ body }) => shown(zone, body)),
      };
    },

    async CreateKeySigningKey(call) {
      const { input, caller } = call;
      const zone = publicZone(means.store, input.HostedZoneId, caller);
      checkAsked(input);
      const known = sameRequest(means.store, zone, input);
      if (known !== undefined) return created(means, zone, known);
      const change = newId(means.prng, 'C');
      const record = putChange(change, call);
      const { publicKey, privateKey } = newKeyPair();
      const body: SigningKeyBody = {
        name: input.Name,
        callerReference: input.CallerReference,
        kmsArn: input.KeyManagementServiceArn,
        status: input.Status as SigningKeyBody['status'],
        publicKey,
        createdAt: call.at,
        modifiedAt: call.at,
        change,
      };
      await means.store.apply((state, revision) => {
        const { id: parent, account } = publicZone(state, zone.id, caller);
        refuseTaken(signingKeysOf(state, zone), zone, input);
        const at = { id: signingKeyId(zone, body.name), account, parent };
        return {
          origin: originOf(call, `${parent}: ${body.name}`),
          items: [
            putKey({ ...at, sort: revisionOrder(revision) }, body),
            { action: 'put', kind: KIND.signingSecret, ...at, sort: '', body: { privateKey } },
            record,
          ],
        };
      });
      return created(means, zone, body);
    },

    ActivateKeySigningKey: (call) =>
      changeKey(call, (key) => [putKey(key, { ...key.body, status: 'ACTIVE', modifiedAt: call.at })]),

    DeactivateKeySigningKey: (call) =>
      changeKey(call, (key, zone, state) => {
        const others = signingKeysOf(state, zone).filter(({ id }) => id !== key.id);
        if (zone.body.signing && !others.some(isActive))
          throw apiError(
            'KeySigningKeyInUse',
            `Key Signing Key with name ${key.body.name} is the only one in ACTIVE status of the hosted zone ${zone.id}, which is signed: disable DNSSEC signing or activate another key first.`,
          );
        return [putKey(key, { ...key.body, status: 'INACTIVE', modifiedAt: call.at })];
      }),

    DeleteKeySigningKey: (call) =>
      changeKey(call, ({ kind, id, body }) => {
        if (body.status !== 'INACTIVE')
          throw apiError(
            'InvalidKeySigningKeyStatus',
            `Key Signing Key with name ${body.name} cannot be deleted because current status is not INACTIVE.`,
          );
        return [
          { action: 'delete', kind, id },
          { action: 'delete', kind: KIND.signingSecret, id },
        ];
      }),

    EnableHostedZoneDNSSEC({ input, caller }) {
      const zone = publicZone(means.store, input.HostedZoneId, caller);
      if (!signingKeysOf(means.store, zone).some(isActive))
        throw apiError(
          'KeySigningKeyWithActiveStatusNotFound',
          `Hosted zone with ID '${zone.id}' does not have a Key Signing Key in ACTIVE status. ${NOT_YET}`,
        );
      throw apiError('InvalidArgument', NOT_YET);
    },

    async DisableHostedZoneDNSSEC(call) {
      const id = newId(means.prng, 'C');
      const record = putChange(id, call);
      const revision = await means.store.apply((state) => {
        const zone = publicZone(state, call.input.HostedZoneId, call.caller);
        const { signing, ...body } = zone.body;
        if (!signing)
          throw apiError(
            'DNSSECNotFound',
            `DNSSEC signing is not enabled in the hosted zone ${zone.id}: there is nothing to disable.`,
          );
        return { origin: originOf(call, zone.id), items: [putZone(zone, body), record] };
      });
      return { ChangeInfo: changeInfo(means, id, { submittedAt: call.at }, revision) };
    },
  };
}

/** What AWS would not say. */
const NOT_YET = 'DNSSEC signing of hosted zones is not supported yet: the zone stays unsigned.';

/** A public zone of the caller's account. Throws ApiError NoSuchHostedZone, InvalidArgument for a private one. */
function publicZone(state: Reads, id: string, caller: Caller): ZoneResource {
  const zone = ownZone(state, id, caller);
  if (zone.body.vpcs.length > 0)
    throw apiError('InvalidArgument', 'Operation is unsupported for private hosted zones');
  return zone;
}

/** Throws ApiError NoSuchKeySigningKey. */
function ownKey(state: Reads, zone: ZoneResource, name: string): SigningKeyResource {
  const key = state.get<SigningKeyBody>(KIND.signingKey, signingKeyId(zone, name));
  if (key !== undefined) return key;
  throw apiError('NoSuchKeySigningKey', `The hosted zone ${zone.id} has no key-signing key ${name}.`);
}

function isActive({ body }: SigningKeyResource): boolean {
  return body.status === 'ACTIVE';
}

/** Refuses what no zone could have. Throws ApiError. */
function checkAsked(input: CreateKeySigningKeyRequest): void {
  const { Name: name, KeyManagementServiceArn: arn, Status: status } = input;
  if (!NAME.test(name))
    throw apiError(
      'InvalidKeySigningKeyName',
      `The name ${name} of a key-signing key may have letters, digits and underscores only, 3 to 128 of them.`,
    );
  if (!KMS_KEY.test(arn))
    throw apiError(
      'InvalidKMSArn',
      'KeyManagementServiceArn is not the ARN of a KMS key in us-east-1: arn:aws:kms:us-east-1:ACCOUNT:key/UUID.',
    );
  if (!STATUSES.includes(status))
    throw apiError(
      'InvalidKeySigningKeyStatus',
      `A key-signing key cannot be made with the status ${status}: it is ${STATUSES.join(' or ')}.`,
    );
}

/** The key that the same request has made, as long as that is what it asks for. */
function sameRequest(
  state: Reads,
  zone: ZoneResource,
  input: CreateKeySigningKeyRequest,
): SigningKeyBody | undefined {
  const made = state.get<SigningKeyBody>(KIND.signingKey, signingKeyId(zone, input.Name))?.body;
  const isSame =
    made?.callerReference === input.CallerReference &&
    made.kmsArn === input.KeyManagementServiceArn &&
    made.status === input.Status;
  return isSame ? made : undefined;
}

/** Throws ApiError where the zone has such a key, or as many as it may. */
function refuseTaken(
  keys: readonly SigningKeyResource[],
  { id }: ZoneResource,
  input: CreateKeySigningKeyRequest,
): void {
  const taken = (what: string): ApiError =>
    apiError(
      'KeySigningKeyAlreadyExists',
      `The hosted zone ${id} has a key-signing key with ${what} already.`,
    );
  for (const { body } of keys) {
    if (body.name === input.Name) throw taken(`the name ${body.name}`);
    if (body.kmsArn === input.KeyManagementServiceArn) throw taken(`the KMS key ${body.kmsArn}`);
    if (body.callerReference === input.CallerReference) throw taken('this caller reference');
  }
  if (keys.length >= KEYS_MAX)
    throw apiError(
      'TooManyKeySigningKeys',
      `The hosted zone ${id} has ${KEYS_MAX} key-signing keys, and may have no more: delete one first.`,
    );
}

function putKey(
  { id, account, parent, sort }: Pick<SigningKeyResource, 'id' | 'account' | 'parent' | 'sort'>,
  body: SigningKeyBody,
): PutItem {
  return { action: 'put', kind: KIND.signingKey, id, account, parent, sort, body };
}

function created(means: Means, zone: ZoneResource, body: SigningKeyBody) {
  const { id, revision, body: change } = means.store.get<ChangeBody>(KIND.change, body.change)!;
  return {
    ChangeInfo: changeInfo(means, id, change, revision),
    KeySigningKey: shown(zone, body),
    Location: locationOf(`keysigningkey/${zone.id}/${body.name}`),
  };
}

function shown(zone: ZoneResource, body: SigningKeyBody): KeySigningKey {
  const { dnskey, ds } = published(zone, body);
  const { digest, digestType } = readDs(ds)!;
  return {
    Name: body.name,
    KmsArn: body.kmsArn,
    Flag: dnskey.flags,
    SigningAlgorithmMnemonic: algorithmToText(dnskey.algorithm),
    SigningAlgorithmType: dnskey.algorithm,
    DigestAlgorithmMnemonic: digestToText(digestType),
    DigestAlgorithmType: digestType,
    KeyTag: dnskey.tag,
    DigestValue: toHex(digest),
    PublicKey: body.publicKey,
    DSRecord: rdataToText(TYPE.DS, ds),
    DNSKEYRecord: rdataToText(TYPE.DNSKEY, dnskey.rdata),
    Status: body.status,
    CreatedDate: body.createdAt,
    LastModifiedDate: body.modifiedAt,
  };
}

import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { getCanonicalHeaders, getSigningKey, SignatureV4 } from '@smithy/signature-v4';
import { LRUCache } from 'lru-cache';
import { timestampFromText, timestampToText } from '../../wire/rdata/time.ts';
import { apiError } from './errors.ts';
import type { AccessKey } from './keys.ts';
import type { ServiceName } from './model.ts';
import { decoded } from './operations.ts';

/** How far a client's clock may be from ours. */
export const SKEW_SECONDS = 300;

/** Days, regions and services are the client's to choose: those who change them pay for it. */
const SIGNING_KEYS = new LRUCache<string, Uint8Array>({ max: 64 });

/** What a signature is made over. */
export interface SignedRequest {
  readonly method: string;
  /** As it came, without the query. */
  readonly path: string;
  readonly search: string;
  /** Names in lower case; one that came twice has two entries. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** Who asks. */
export interface Verified {
  readonly key: AccessKey;
  /** 64 hexadecimal digits, equal for equal requests and for no others. */
  readonly signature: string;
  /** Milliseconds since 1970 after which the signature is refused. */
  readonly until: number;
}

/** The parts of an Authorization header. */
interface Credential {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/**
 * The key that a request for `service` is signed with (AWS Signature Version 4, in headers). The region of the scope
 * is the client's affair. Throws ApiError with what AWS says.
 */
export async function verify(
  request: SignedRequest,
  service: ServiceName,
  find: (accessKeyId: string) => AccessKey | undefined,
  wall: number,
): Promise<Verified> {
  const headers = headerTable(request);
  const query = queryOf(request.search);
  // Signatures in the query, which AWS has for services that browsers use, are no credentials here.
  if (Object.keys(query).some((name) => IN_QUERY.has(name.toLowerCase()))) throw missing();
  const credential = readAuthorization(headers.get('authorization'));
  const key = find(credential.accessKeyId);
  // There are no temporary credentials here: a session token belongs to some other key.
  if (key === undefined || headers.has('x-amz-security-token'))
    throw apiError('InvalidClientTokenId', 'The security token included in the request is invalid.');
  const longDate = headers.get('x-amz-date') ?? '';
  checkScope(credential, service, longDate);
  const until = checkTime(longDate, wall);
  checkSignedHeaders(credential.signedHeaders, headers);
  const payloadHash = hash('sha256', request.body, 'hex');
  const claimed = headers.get('x-amz-content-sha256');
  if (claimed !== undefined && claimed !== payloadHash)
    throw mismatch("The provided 'x-amz-content-sha256' header does not match what was computed.");
  const expected = await new Signer(key, credential).sign64(request, query, headers, longDate, payloadHash);
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(credential.signature))) throw mismatch(NO_MATCH);
  return { key, signature: credential.signature, until };
}

const IN_QUERY = new Set(['x-amz-algorithm', 'x-amz-credential', 'x-amz-signature', 'x-amz-security-token']);

const NO_MATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function mismatch(message: string) {
  return apiError('SignatureDoesNotMatch', message);
}

function missing() {
  return apiError('MissingAuthenticationToken', 'Missing Authentication Token');
}

function incomplete(message: string) {
  return apiError('IncompleteSignature', message);
}

/** A header that comes twice could mean one thing here and another elsewhere. */
function headerTable({ headers }: SignedRequest): Map<string, string> {
  const table = new Map<string, string>();
  for (const [name, value] of headers) {
    const matters = name === 'authorization' || name === 'host' || name.startsWith('x-amz-');
    if (matters && table.has(name)) throw incomplete(`The header '${name}' stands twice in the request.`);
    table.set(name, table.has(name) ? `${table.get(name)},${value}` : value);
  }
  return table;
}

function readAuthorization(text: string | undefined): Credential {
  if (text === undefined) throw missing();
  const [, algorithm, rest = ''] = /^(\S+)\s+(.*)$/.exec(text) ?? [];
  if (algorithm !== 'AWS4-HMAC-SHA256')
    throw incomplete("Authorization header requires the algorithm 'AWS4-HMAC-SHA256'.");
  const parts = new Map(
    rest.split(',').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as const;
    }),
  );
  for (const name of ['Credential', 'Signature', 'SignedHeaders'])
    if (!parts.get(name)) throw incomplete(`Authorization header requires '${name}' parameter.`);
  const scope = parts.get('Credential')!.split('/');
  const signature = parts.get('Signature')!;
  if (scope.length !== 5)
    throw incomplete(
      'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term',
    );
  if (!/^[0-9a-f]{64}$/.test(signature)) throw mismatch(NO_MATCH);
  const [accessKeyId = '', date = '', region = '', service = '', terminator = ''] = scope;
  const signedHeaders = parts.get('SignedHeaders')!.split(';');
  return { accessKeyId, date, region, service, terminator, signedHeaders, signature };
}

const OTHER_DAY = 'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP';

function checkScope(
  { date, region, service, terminator }: Credential,
  wanted: ServiceName,
  longDate: string,
): void {
  if (!/^\d{8}T\d{6}Z$/.test(longDate))
    throw incomplete("Authorization header requires existence of a 'X-Amz-Date' header.");
  if (service !== wanted) throw mismatch(`Credential should be scoped to correct service: '${wanted}'. `);
  if (region === '') throw mismatch('Credential should be scoped to a valid region. ');
  if (terminator !== 'aws4_request')
    throw mismatch("Credential should be scoped with a valid terminator: 'aws4_request'. ");
  if (date !== longDate.slice(0, 8))
    throw mismatch(`${OTHER_DAY}: '${date.slice(0, 20)}' != '${longDate.slice(0, 8)}', from '${longDate}'.`);
}

/** When the signature ends. */
function checkTime(longDate: string, wall: number): number {
  const signed = timestampFromText(longDate.replace(/[TZ]/g, ''));
  const now = Math.floor(wall / 1000);
  if (signed === undefined) throw incomplete(`'${longDate}' is not a date.`);
  if (signed < now - SKEW_SECONDS)
    throw mismatch(
      `Signature expired: ${longDate} is now earlier than ${isoBasic(now - SKEW_SECONDS)} (${isoBasic(now)} - 5 min.)`,
    );
  if (signed > now + SKEW_SECONDS)
    throw mismatch(
      `Signature not yet current: ${longDate} is still later than ${isoBasic(now + SKEW_SECONDS)} (${isoBasic(now)} + 5 min.)`,
    );
  return (signed + SKEW_SECONDS + 1) * 1000;
}

function isoBasic(seconds: number): string {
  const digits = timestampToText(seconds);
  return `${digits.slice(0, 8)}T${digits.slice(8)}Z`;
}

/** What is not signed could have been changed on the way. */
function checkSignedHeaders(signed: readonly string[], headers: ReadonlyMap<string, string>): void {
  if (!signed.includes('host')) throw mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization.");
  const absent = signed.find((name) => !/^[a-z0-9-]+$/.test(name) || !headers.has(name));
  if (absent !== undefined) throw mismatch(NO_MATCH);
  const unsigned = [...headers.keys()].filter((name) => name.startsWith('x-amz-') && !signed.includes(name));
  if (unsigned.length > 0)
    throw mismatch(`There were headers present in the request which were not signed: ${unsigned.join(', ')}`);
}

/** HMAC with SHA-256, as keys are derived by; plain hashes are taken here. */
class Sha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash = createHmac('sha256', secret as Uint8Array);
  }
  update(data: unknown): void {
    this.#hash.update(data as Uint8Array);
  }
  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest());
  }
}

/** Signs again what the client says that it signed, no more and no less. */
class Signer extends SignatureV4 {
  readonly #key: AccessKey;
  readonly #credential: Credential;

  constructor(key: AccessKey, credential: Credential) {
    const { region, service } = credential;
    super({ credentials: key, region, service, sha256: Sha256, applyChecksum: false });
    this.#key = key;
    this.#credential = credential;
  }

  async sign64(
    { method, path }: SignedRequest,
    query: Query,
    headers: ReadonlyMap<string, string>,
    longDate: string,
    payloadHash: string,
  ): Promise<string> {
    const { date, region, service, signedHeaders } = this.#credential;
    const signed = Object.fromEntries(signedHeaders.map((name) => [name, headers.get(name)!]));
    const request = { method, path, query, headers: signed, protocol: '', hostname: '' };
    const canonical = this.createCanonicalRequest(
      request,
      getCanonicalHeaders(request, undefined, new Set(signedHeaders)),
      payloadHash,
    );
    const scope = `${date}/${region}/${service}/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${longDate}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
    const signingKey = await this.#signingKey(scope);
    return createHmac('sha256', signingKey).update(text).digest('hex');
  }

  /** Four HMACs that are the same for all requests of a day. */
  async #signingKey(scope: string): Promise<Uint8Array> {
    // Its secret too: an id may come to stand for another.
    const of = `${this.#key.accessKeyId}/${this.#key.secretAccessKey}/${scope}`;
    const known = SIGNING_KEYS.get(of);
    if (known !== undefined) return known;
    const { date, region, service } = this.#credential;
    const signingKey = await getSigningKey(Sha256, this.#key, date, region, service);
    SIGNING_KEYS.set(of, signingKey);
    return signingKey;
  }
}

type Query = Record<string, string[]>;

function queryOf(search: string): Query {
  const query: Query = Object.create(null);
  for (const pair of search.split('&').filter((each) => each !== '')) {
    const [name = '', ...rest] = pair.split('=');
    (query[decoded(name)] ??= []).push(decoded(rest.join('=')));
  }
  return query;
}

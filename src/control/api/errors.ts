import { models, type ServiceName } from './model.ts';
import type { ErrorCode as Route53Code } from './models/route53.ts';
import type { ErrorCode as ProfilesCode } from './models/route53profiles.ts';
import type { ErrorCode as ResolverCode } from './models/route53resolver.ts';

/** What AWS says whatever the service, with the status that its XML services say it by. */
const COMMON = {
  AccessDenied: 403,
  IncompleteSignature: 400,
  InternalFailure: 500,
  InvalidAction: 400,
  InvalidClientTokenId: 403,
  MalformedInput: 400,
  MissingAuthenticationToken: 403,
  RequestEntityTooLarge: 413,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  Throttling: 400,
  UnknownOperation: 404,
} as const;
export type CommonCode = keyof typeof COMMON;

/** The same in the words of the services that speak JSON. */
const JSON_NAMES: Readonly<Record<CommonCode, string>> = {
  AccessDenied: 'AccessDeniedException',
  IncompleteSignature: 'IncompleteSignatureException',
  InternalFailure: 'InternalServiceErrorException',
  InvalidAction: 'UnknownOperationException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  MalformedInput: 'SerializationException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  RequestEntityTooLarge: 'RequestEntityTooLargeException',
  ServiceUnavailable: 'ServiceUnavailableException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  Throttling: 'ThrottlingException',
  UnknownOperation: 'UnknownOperationException',
};

export type ApiErrorCode = CommonCode | Route53Code | ResolverCode | ProfilesCode;

/** An error that the client is told. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  /** Of the error's shape, beside its message: `FieldName`, `ResourceType`. */
  readonly members: Readonly<Record<string, string>>;
  constructor(code: ApiErrorCode, message: string, members: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.members = members;
  }
}

/** `throw apiError('NoSuchHostedZone', 'No hosted zone found with ID: Z0')` */
export function apiError(
  code: ApiErrorCode,
  message: string,
  members?: Readonly<Record<string, string>>,
): ApiError {
  return new ApiError(code, message, members);
}

/** What a service calls an error, and the HTTP status that it says it by. */
export function wireError(service: ServiceName, code: ApiErrorCode): { code: string; status: number } {
  const { protocol, shapes } = models[service];
  if (!isCommon(code)) return { code, status: shapes[code]?.status ?? restStatus(protocol, code) };
  if (protocol === 'rest-xml') return { code, status: COMMON[code] };
  // JSON 1.1 says by 400 whatever is the client's doing.
  const status =
    protocol === 'json' && COMMON[code] < 500 ? 400 : restStatus(protocol, JSON_NAMES[code], COMMON[code]);
  return { code: JSON_NAMES[code], status };
}

function isCommon(code: ApiErrorCode): code is CommonCode {
  return Object.hasOwn(COMMON, code);
}

/** The models of the JSON services tell no statuses; those of Route 53 not all. */
function restStatus(protocol: string, code: string, common = 400): number {
  if (code === 'InternalServiceErrorException') return 500;
  if (protocol !== 'rest-json') return common;
  switch (code) {
    case 'AccessDeniedException':
      return 403;
    case 'ResourceNotFoundException':
      return 404;
    case 'ConflictException':
    case 'ResourceExistsException':
      return 409;
    case 'ThrottlingException':
      return 429;
    default:
      return common;
  }
}

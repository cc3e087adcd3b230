import type { ApiResponse } from './binding.ts';
import type { AccessKey } from './keys.ts';
import type { ServiceName } from './model.ts';
import type { Operations as Route53Operations } from './models/route53.ts';
import type { Operations as ProfilesOperations } from './models/route53profiles.ts';
import type { Operations as ResolverOperations } from './models/route53resolver.ts';

/** Whose request it is; what the key's scope does not allow is refused before a handler is called. */
export type Caller = Pick<AccessKey, 'account' | 'accessKeyId' | 'scope' | 'zones'>;

/** What a handler is given. */
export interface Call<Input> {
  readonly operation: string;
  /** Right by the rules of the model; ids of zones, changes and delegation sets are bare. */
  readonly input: Input;
  readonly caller: Caller;
  readonly requestId: string;
  /** The address of the client. */
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Of a request that changes something: equal for its copies, which are refused by themselves after `until`. */
  readonly signed: { readonly signature: string; readonly until: number };
}

type HandlersOf<Operations> = {
  readonly [Name in keyof Operations]?: (
    call: Call<Input<Operations[Name]>>,
  ) => Output<Operations[Name]> | Promise<Output<Operations[Name]>>;
};
type Input<Operation> = Operation extends { input: infer Of } ? Of : never;
type Output<Operation> = Operation extends { output: infer Of } ? Of : never;

export type Route53Handlers = HandlersOf<Route53Operations>;
export type ResolverHandlers = HandlersOf<ResolverOperations>;
export type ProfilesHandlers = HandlersOf<ProfilesOperations>;

/**
 * What answers, by service and operation: `{ route53: { CreateHostedZone: async ({ input }) => ({ … }) } }`. A handler
 * throws ApiError for what the client is told; everything else that it throws is an error of the program. Times are
 * milliseconds since 1970.
 */
export interface Handlers {
  readonly route53?: Route53Handlers;
  readonly route53resolver?: ResolverHandlers;
  readonly route53profiles?: ProfilesHandlers;
}

type AnyHandler = (call: Call<unknown>) => object | Promise<object>;

/** What answers an operation; undefined where nothing does. */
export function handlerOf(
  handlers: Handlers,
  service: ServiceName,
  operation: string,
): AnyHandler | undefined {
  const table = handlers[service] as Readonly<Record<string, AnyHandler | undefined>> | undefined;
  return table !== undefined && Object.hasOwn(table, operation) ? table[operation] : undefined;
}

/** Where a new resource is: `hostedzone/Z1` → the Location of the response. */
export function locationOf(path: string): string {
  return `https://route53.amazonaws.com/2013-04-01/${path}`;
}

/** What was answered to signed writes, for as long as their signatures hold. */
export interface Replays {
  /** The response to the first request with this signature; undefined where there was none. */
  find(signature: string): Promise<ApiResponse | undefined>;
  /** @param until milliseconds since 1970 */
  keep(signature: string, response: ApiResponse, until: number): Promise<void>;
}

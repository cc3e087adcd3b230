import published from './models/models.json' with { type: 'json' };

/** The three APIs of the one address, by the names that requests for them are signed with. */
export const SERVICES = ['route53', 'route53resolver', 'route53profiles'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** A shape inside another, and where of a request or response it stands: the body where nothing is said. */
export interface Member {
  readonly shape: string;
  readonly location?: 'uri' | 'querystring' | 'header';
  readonly locationName?: string;
}

export interface Shape {
  readonly type:
    | 'structure'
    | 'list'
    | 'map'
    | 'string'
    | 'boolean'
    | 'integer'
    | 'long'
    | 'double'
    | 'timestamp';
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, Member>>;
  /** Of a list. */
  readonly member?: Member;
  /** Of a map. */
  readonly key?: Member;
  readonly value?: Member;
  /** Of the length of a text, list or map, or of a number. */
  readonly min?: number;
  readonly max?: number;
  /** A Java regular expression for the whole text. */
  readonly pattern?: string;
  readonly enum?: readonly string[];
  /** An error, with the status that its service says it by where the model tells that. */
  readonly exception?: true;
  readonly status?: number;
}

export interface Operation {
  readonly method: string;
  /** With `{Member}` where a member of the input stands. */
  readonly path: string;
  /** Of success. */
  readonly status: number;
  readonly input: string;
  readonly output: string;
}

export interface Service {
  readonly protocol: 'rest-xml' | 'json' | 'rest-json';
  /** Of X-Amz-Target, where that names the operation. */
  readonly targetPrefix?: string;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/** The models that AWS publishes, as models/generate.ts leaves them. */
export const models = published as unknown as Readonly<Record<ServiceName, Service>>;

/** A shape by its name; the models name no other. */
export function shapeIn(service: ServiceName, name: string): Shape {
  return models[service].shapes[name]!;
}

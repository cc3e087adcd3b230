import * as z from 'zod';

/** Which accounts may do what. */
export interface Grant {
  readonly accounts: readonly string[];
  /** Names of operations. */
  readonly actions: readonly string[];
}

/** Why a document is not taken; the message is one sentence. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}

const SERVICE = 'route53resolver:';
const oneOrMore = z.union([z.string().transform((text) => [text]), z.array(z.string()).min(1)]);

const statement = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.literal('Allow'),
  Principal: z.strictObject({ AWS: oneOrMore }),
  Action: oneOrMore,
  Resource: oneOrMore,
});

const document = z.strictObject({
  Version: z.enum(['2012-10-17', '2008-10-17']),
  Id: z.string().optional(),
  Statement: z.union([statement.transform((only) => [only]), z.array(statement)]),
});

/**
 * What an IAM policy document grants on a resource. It has to say all by itself: no wildcards, no conditions, nothing
 * that is denied. Without statements nobody is granted anything. Throws DocumentError.
 *
 * @param arn of the resource, which every statement names and nothing else
 * @param actions names of the operations that can be granted
 */
export function readDocument(text: string, arn: string, actions: readonly string[]): Grant[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DocumentError('The policy is not JSON.');
  }
  const result = document.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new DocumentError(
      `The policy is not valid at ${issue!.path.join('.') || 'its start'}: ${issue!.message}.`,
    );
  }
  return result.data.Statement.map(({ Principal, Action, Resource }) => {
    const other = Resource.find((each) => each !== arn);
    if (other !== undefined) throw new DocumentError(`The Resource '${other}' is not '${arn}'.`);
    return {
      accounts: Principal.AWS.map(accountOf),
      actions: Action.map((action) => actionOf(action, actions)),
    };
  });
}

/** `111122223333`, or `arn:aws:iam::111122223333:root`. */
function accountOf(principal: string): string {
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::root)?$/.exec(principal)?.[1];
  if (account !== undefined) return account;
  throw new DocumentError(`The Principal '${principal}' is not the id of an account.`);
}

function actionOf(action: string, known: readonly string[]): string {
  const name = action.startsWith(SERVICE) ? action.slice(SERVICE.length) : '';
  if (known.includes(name)) return name;
  const could = known.map((each) => SERVICE + each).join(', ');
  throw new DocumentError(`The Action '${action}' cannot be granted; these can: ${could}.`);
}

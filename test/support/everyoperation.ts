import type { ServiceName } from '../../src/control/api/model.ts';

/**
 * A program for Python that sends every operation that boto3 knows of these APIs: a request with the required members
 * only, and one that breaks a rule which boto3 leaves to the service (a length, an enumeration, a pattern, a largest
 * number). Both are made from boto3's own model of the service, so that operations of a later one are sent too. Its input
 * is JSON: texts for shapes, `{ "ResourceId": "Z1" }`. A line of JSON comes out for each operation: a `Sent`.
 */
export const EVERY_OPERATION = `
import boto3, json, os, re, sys
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

given = json.load(sys.stdin)
once = Config(retries={'total_max_attempts': 1}, parameter_validation=True)
TEXTS = ['shop-1', '1', '192.0.2.1', '192.0.2.0/24', '00000000-0000-4000-8000-000000000000',
         'arn:aws:outposts:eu-west-1:000000000000:outpost/op-0123456789abcdef0']

def fits(shape, text):
    rule = shape.metadata
    if not rule.get('min', 0) <= len(text) <= rule.get('max', 1 << 30): return False
    try: return 'pattern' not in rule or re.fullmatch(rule['pattern'], text) is not None
    except re.error: return True  # what only Java's expressions have

def text(shape):
    if shape.enum: return shape.enum[0]
    known = [given[shape.name]] if shape.name in given else []
    padded = [each.ljust(shape.metadata.get('min', 0), '1') for each in TEXTS]
    return next(each for each in known + padded if fits(shape, each))

def minimal(shape):
    kind = shape.type_name
    if kind == 'structure': return {name: minimal(shape.members[name]) for name in shape.required_members}
    if kind == 'list': return [minimal(shape.member)] * max(1, shape.metadata.get('min', 1))
    if kind == 'map': return {'key': minimal(shape.value)}
    if kind == 'string': return text(shape)
    if kind == 'boolean': return True
    if kind == 'timestamp': return '2026-03-09T08:14:02Z'
    return max(1, shape.metadata.get('min', 1))

def broken(shape, depth=0):
    """A value that the model does not allow, and where; None where it allows all that can be said."""
    kind, most = shape.type_name, shape.metadata.get('max')
    if kind == 'string' and shape.enum: return 'NO-SUCH-WORD', ''
    if kind == 'string' and most is not None: return 'x' * (most + 1), ''
    if kind == 'string' and 'pattern' in shape.metadata: return '!' * max(1, shape.metadata.get('min', 1)), ''
    if kind in ('integer', 'long') and most is not None: return most + 1, ''
    if kind == 'list' and depth < 4:
        found = broken(shape.member, depth + 1)
        return found and ([found[0]], '[0]' + found[1])
    if kind == 'structure' and depth < 4:
        for name, member in shape.members.items():
            found = broken(member, depth + 1)
            if found: return {**minimal(shape), name: found[0]}, '.' + name + found[1]
    return None

def lacking(shape, value, where=''):
    """Required members of an output that are not there."""
    if shape is None or value is None: return []
    if shape.type_name == 'structure':
        out = [where + '.' + name for name in shape.required_members if name not in value]
        for name, member in shape.members.items():
            if name in value: out += lacking(member, value[name], where + '.' + name)
        return out
    if shape.type_name == 'list':
        return [each for item in value for each in lacking(shape.member, item, where + '[]')]
    return []

def send(client, operation, params):
    try:
        output = getattr(client, xform_name(operation.name))(**params)
        output.pop('ResponseMetadata')
        return {'lacking': lacking(operation.output_shape, output)}
    except ClientError as e:
        return {'code': e.response['Error']['Code'], 'status': e.response['ResponseMetadata']['HTTPStatusCode'],
                'message': e.response['Error']['Message']}

LAST = ('Delete', 'Disassociate', 'Untag', 'Disable', 'Deactivate')
for service in ('route53', 'route53resolver', 'route53profiles'):
    if service not in boto3.session.Session().get_available_services(): continue
    client = boto3.client(service, endpoint_url=os.environ['AWS_ENDPOINT_URL'], config=once)
    model = client.meta.service_model
    errors = [each for each in model.shape_names if model.shape_for(each).metadata.get('exception')]
    for name in sorted(model.operation_names, key=lambda each: (each.startswith(LAST), each)):
        operation = model.operation_model(name)
        shape = operation.input_shape
        wrong = shape and broken(shape)
        print(json.dumps({
            'service': service, 'operation': name, 'errors': errors,
            'members': len(shape.members) if shape else 0, 'required': len(shape.required_members) if shape else 0,
            'valid': send(client, operation, minimal(shape) if shape else {}),
            'where': wrong and wrong[1], 'invalid': wrong and send(client, operation, wrong[0])}), flush=True)
`;

/** What came of one request: an error, or the required members that the response lacks. */
export interface Outcome {
  readonly lacking?: readonly string[];
  readonly code?: string;
  readonly status?: number;
  readonly message?: string;
}

/** What came of an operation. */
export interface Sent {
  readonly service: ServiceName;
  readonly operation: string;
  /** All that the service has, by the model. */
  readonly errors: readonly string[];
  /** How many members a request may have, and must have. */
  readonly members: number;
  readonly required: number;
  readonly valid: Outcome;
  /** The member that is wrong; null where the model allows all that can be said. */
  readonly where: string | null;
  readonly invalid: Outcome | null;
}

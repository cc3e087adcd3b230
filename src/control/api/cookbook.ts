/** The chapter of docs/api.md that shows how clients are told of Causeway: what they document, and what tests run. */
export const COOKBOOK = `## Cookbook

What is made with a current SDK of AWS takes the address from the environment, beside the keys: \`AWS_ENDPOINT_URL\` for
all services, or \`AWS_ENDPOINT_URL_ROUTE_53\`, \`AWS_ENDPOINT_URL_ROUTE53RESOLVER\` and \`AWS_ENDPOINT_URL_ROUTE53PROFILES\`.
\`aws\`, boto3, the SDK for JavaScript and certbot are run against the daemon by the tests of this project; the calls of
Terraform, ExternalDNS, cert-manager and lego are made in their order.

### aws

A private zone for a VPC of the configuration, a record in it, and the wait until all workers serve it:

\`\`\`sh
aws route53 create-hosted-zone --name shop.example --caller-reference 1 --vpc VPCRegion=eu-central-1,VPCId=vpc-corp
aws route53 change-resource-record-sets --hosted-zone-id Z... --change-batch '{"Changes":[{"Action":"UPSERT",
  "ResourceRecordSet":{"Name":"www.shop.example","Type":"A","TTL":60,"ResourceRecords":[{"Value":"10.20.1.80"}]}}]}'
aws route53 wait resource-record-sets-changed --id C...
\`\`\`

A public zone is served by the authoritative endpoints of its delegation set, which is the first one of the
configuration unless \`--delegation-set-id\` names another.

### boto3

\`\`\`python
import boto3
route53 = boto3.client('route53', endpoint_url='http://127.0.0.1:8053', region_name='us-east-1')
\`\`\`

### Terraform

\`\`\`hcl
provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  # custom_ca_bundle          = "/etc/causeway/ca.crt"
  endpoints {
    route53         = "http://127.0.0.1:8053"
    route53resolver = "http://127.0.0.1:8053"
    route53profiles = "http://127.0.0.1:8053"
  }
}
\`\`\`

### ExternalDNS

A key with \`--scope zones --zone Z...\` is enough; with \`--aws-zone-tags\` it needs \`admin\`, as the tags of all zones are read.

\`\`\`yaml
args:
  - --provider=aws
  - --source=ingress
  - --aws-zone-type=public
  - --zone-id-filter=Z0123456789ABCDEFGHIJ
  - --registry=txt
  - --txt-owner-id=cluster-1
env:
  - { name: AWS_ENDPOINT_URL_ROUTE_53, value: "http://10.20.0.53:8053" }
  - { name: AWS_REGION, value: us-east-1 }
  - { name: AWS_ACCESS_KEY_ID, valueFrom: { secretKeyRef: { name: causeway, key: access-key-id } } }
  - { name: AWS_SECRET_ACCESS_KEY, valueFrom: { secretKeyRef: { name: causeway, key: secret-access-key } } }
\`\`\`

### cert-manager

The controller gets the address, and an endpoint to ask: it looks for the zone by SOA, and for its own records before
it has them proved. These are values of its Helm chart:

\`\`\`yaml
extraEnv:
  - { name: AWS_ENDPOINT_URL_ROUTE_53, value: "http://10.20.0.53:8053" }
extraArgs:
  - --dns01-recursive-nameservers-only
  - --dns01-recursive-nameservers=10.20.0.53:53
\`\`\`

\`\`\`yaml
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: { name: acme }
spec:
  acme:
    server: https://acme.example/directory
    privateKeySecretRef: { name: acme-account }
    solvers:
      - dns01:
          route53:
            region: us-east-1
            hostedZoneID: Z0123456789ABCDEFGHIJ
            accessKeyIDSecretRef: { name: causeway, key: access-key-id }
            secretAccessKeySecretRef: { name: causeway, key: secret-access-key }
\`\`\`

### certbot and lego

A key with \`--scope zones\` is enough for both.

\`\`\`sh
certbot certonly --dns-route53 --domain shop.example --domain '*.shop.example'
lego --accept-tos --email admin@shop.example --dns route53 --domains shop.example run
\`\`\`

certbot's botocore has to be 1.31 or later to know \`AWS_ENDPOINT_URL\`. That of Debian 12 is not; it finds the address by
\`AWS_DATA_PATH=/etc/causeway/botocore\`, where \`route53/2013-04-01/endpoint-rule-set-1.json\` is:

\`\`\`json
{ "version": "1.0", "parameters": {}, "rules": [{ "type": "endpoint", "conditions": [], "endpoint": {
  "url": "http://127.0.0.1:8053",
  "properties": { "authSchemes": [{ "name": "sigv4", "signingName": "route53", "signingRegion": "us-east-1" }] } } }] }
\`\`\`
`;

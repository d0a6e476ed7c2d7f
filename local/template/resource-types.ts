import { createHash } from 'node:crypto';

export interface Identity {
  readonly accountId: string;
  readonly region: string;
  readonly stack: string;
  readonly logicalId: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What `Ref` and `Fn::GetAtt` give for a resource (AWS: the resource type's "Return values"). */
export interface ResourceValues {
  readonly ref: string;
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const digest = ({ stack, logicalId }: Identity): string =>
  createHash('sha256').update(`${stack}/${logicalId}`).digest('hex');

/** `length` characters of a-z and 0-9, the same for the same resource at every start. */
const shortId = (identity: Identity, length: number): string => {
  const number = BigInt(`0x${digest(identity)}`);
  return number.toString(36).slice(0, length);
};

const generatedName = (identity: Identity): string =>
  `${identity.stack}-${identity.logicalId}-${shortId(identity, 12).toUpperCase()}`;

const named = (identity: Identity, property: string): string => {
  const name = identity.properties[property];
  return typeof name === 'string' ? name : generatedName(identity);
};

type Describe = (identity: Identity) => ResourceValues;

const arnOf = ({ region, accountId }: Identity, service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${accountId}:${resource}`;

const withArn = (ref: string, arn: string, attributes = {}): ResourceValues => ({
  ref,
  arn,
  attributes: { Arn: arn, ...attributes },
});

/** API Gateway's own ids: nothing outside of the API refers to them by ARN. */
const gatewayPart =
  (attribute?: string): Describe =>
  (identity) => {
    const id = shortId(identity, 6);
    return { ref: id, arn: id, attributes: attribute === undefined ? {} : { [attribute]: id } };
  };

/** Nothing at run time depends on it. */
const inert: Describe = (identity) => {
  const name = generatedName(identity);
  return { ref: name, arn: name, attributes: {} };
};

const table: Describe = (identity) => {
  const name = named(identity, 'TableName');
  return withArn(name, arnOf(identity, 'dynamodb', `table/${name}`));
};

/** A Cognito name that its pool's parts are referred to by, e.g. a domain's prefix or a resource server's identifier. */
const cognitoPart =
  (property: string): Describe =>
  (identity) => {
    const name = named(identity, property);
    return { ref: name, arn: name, attributes: {} };
  };

/** The number of whatever version a template has: the twin knows no earlier templates, and so no earlier versions. */
export const onlyVersion = '1';

const qualified = (identity: Identity, qualifier: string): string =>
  arnOf(identity, 'lambda', `function:${named(identity, 'FunctionName')}:${qualifier}`);

/** Every resource type that the twin runs, or that means nothing outside of AWS. Others are refused by name. */
export const resourceTypes: Readonly<Record<string, Describe>> = {
  'AWS::ApiGateway::Account': inert,
  'AWS::ApiGateway::Authorizer': gatewayPart('AuthorizerId'),
  'AWS::ApiGateway::Deployment': gatewayPart('DeploymentId'),
  'AWS::ApiGateway::GatewayResponse': gatewayPart(),
  'AWS::ApiGateway::Method': gatewayPart(),
  'AWS::ApiGateway::Resource': gatewayPart('ResourceId'),
  'AWS::ApiGateway::RestApi': (identity) => {
    const id = shortId(identity, 10);
    const root = shortId({ ...identity, logicalId: `${identity.logicalId}/root` }, 10);
    return {
      ref: id,
      arn: `arn:aws:apigateway:${identity.region}::/restapis/${id}`,
      attributes: { RestApiId: id, RootResourceId: root },
    };
  },
  'AWS::ApiGateway::Stage': (identity) => {
    const name = named(identity, 'StageName');
    return { ref: name, arn: name, attributes: {} };
  },
  'AWS::ApiGateway::UsagePlan': gatewayPart('Id'),
  'AWS::CDK::Metadata': inert,
  'AWS::CloudWatch::Alarm': (identity) => {
    const name = named(identity, 'AlarmName');
    return withArn(name, arnOf(identity, 'cloudwatch', `alarm:${name}`));
  },
  'AWS::CloudWatch::Dashboard': inert,
  'AWS::CodeDeploy::Application': inert,
  'AWS::CodeDeploy::DeploymentGroup': inert,
  'AWS::Cognito::ManagedLoginBranding': inert,
  'AWS::Cognito::UserPool': (identity) => {
    const id = `${identity.region}_${shortId(identity, 9)}`;
    const providerName = `cognito-idp.${identity.region}.amazonaws.com/${id}`;
    return withArn(id, arnOf(identity, 'cognito-idp', `userpool/${id}`), {
      UserPoolId: id,
      ProviderName: providerName,
      ProviderURL: `https://${providerName}`,
    });
  },
  // No ClientSecret: a template that reads it puts the secret where every reader of the stack sees it.
  'AWS::Cognito::UserPoolClient': (identity) => {
    const id = shortId(identity, 26);
    return { ref: id, arn: id, attributes: { ClientId: id, Name: named(identity, 'ClientName') } };
  },
  'AWS::Cognito::UserPoolDomain': cognitoPart('Domain'),
  'AWS::Cognito::UserPoolGroup': cognitoPart('GroupName'),
  'AWS::Cognito::UserPoolResourceServer': cognitoPart('Identifier'),
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::DynamoDB::Table': table,
  'AWS::IAM::OIDCProvider': (identity) => {
    const arn = `arn:aws:iam::${identity.accountId}:oidc-provider/${shortId(identity, 12)}`;
    return withArn(arn, arn);
  },
  'AWS::IAM::Policy': inert,
  'AWS::IAM::Role': (identity) => {
    const name = named(identity, 'RoleName').slice(0, 64);
    return withArn(name, `arn:aws:iam::${identity.accountId}:role/${name}`, {
      RoleId: shortId(identity, 21).toUpperCase(),
    });
  },
  'AWS::KMS::Key': (identity) => {
    const id = shortId(identity, 12);
    return withArn(id, arnOf(identity, 'kms', `key/${id}`), { KeyId: id });
  },
  'AWS::Lambda::Alias': (identity) => {
    const arn = qualified(identity, named(identity, 'Name'));
    return { ref: arn, arn, attributes: { AliasArn: arn } };
  },
  'AWS::Lambda::Function': (identity) => {
    const name = named(identity, 'FunctionName').slice(0, 64);
    return withArn(name, arnOf(identity, 'lambda', `function:${name}`));
  },
  'AWS::Lambda::Permission': inert,
  'AWS::Lambda::Version': (identity) => {
    const arn = qualified(identity, onlyVersion);
    return { ref: arn, arn, attributes: { FunctionArn: arn, Version: onlyVersion } };
  },
  'AWS::Logs::LogGroup': (identity) => {
    const name = named(identity, 'LogGroupName');
    return withArn(name, arnOf(identity, 'logs', `log-group:${name}:*`));
  },
  'AWS::Logs::MetricFilter': inert,
  'AWS::Logs::QueryDefinition': inert,
  'AWS::SNS::Subscription': inert,
  'AWS::SNS::Topic': (identity) => {
    const name = named(identity, 'TopicName');
    const arn = arnOf(identity, 'sns', name);
    return { ref: arn, arn, attributes: { TopicArn: arn, TopicName: name } };
  },
  'AWS::SNS::TopicPolicy': inert,
  'AWS::SSM::Parameter': (identity) => {
    const name = named(identity, 'Name');
    const arn = arnOf(identity, 'ssm', `parameter/${name.replace(/^\//u, '')}`);
    return { ref: name, arn, attributes: {} };
  },
  'AWS::SecretsManager::Secret': (identity) => {
    const name = named(identity, 'Name');
    const arn = arnOf(identity, 'secretsmanager', `secret:${name}-${shortId(identity, 6)}`);
    return { ref: arn, arn, attributes: { Id: arn } };
  },
  'AWS::WAFv2::IPSet': (identity) => {
    const arn = arnOf(identity, 'wafv2', `regional/ipset/${generatedName(identity)}`);
    return withArn(arn, arn);
  },
  'AWS::WAFv2::LoggingConfiguration': inert,
  'AWS::WAFv2::WebACL': (identity) => {
    const arn = arnOf(identity, 'wafv2', `regional/webacl/${generatedName(identity)}`);
    return withArn(arn, arn);
  },
  'AWS::WAFv2::WebACLAssociation': inert,
  'AWS::XRay::SamplingRule': inert,
};

/** What is accepted and does nothing here, as a person counts it: one, and several of it. */
const watching: Readonly<Record<string, readonly [one: string, several: string]>> = {
  'AWS::CloudWatch::Alarm': ['alarm', 'alarms'],
  'AWS::CloudWatch::Dashboard': ['dashboard', 'dashboards'],
  'AWS::CodeDeploy::DeploymentGroup': ['deployment group', 'deployment groups'],
  'AWS::Logs::MetricFilter': ['metric filter', 'metric filters'],
  'AWS::Logs::QueryDefinition': ['saved query', 'saved queries'],
  'AWS::SNS::Topic': ['alarm topic', 'alarm topics'],
  'AWS::XRay::SamplingRule': ['sampling rule', 'sampling rules'],
};

/** What of these types only AWS evaluates, as in `15 alarms`. */
export const onlyAtAws = (types: readonly string[]): readonly string[] =>
  Object.entries(watching).flatMap(([type, [one, several]]) => {
    const count = types.filter((each) => each === type).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? one : several}`];
  });

/** The IAM service that a deployment needs for each kind of resource that the templates have. */
const services: Readonly<Record<string, string>> = {
  'AWS::ApiGateway': 'apigateway',
  'AWS::ApplicationAutoScaling': 'application-autoscaling',
  'AWS::CertificateManager': 'acm',
  'AWS::CloudFront': 'cloudfront',
  'AWS::CloudWatch': 'cloudwatch',
  'AWS::CodeDeploy': 'codedeploy',
  'AWS::Cognito': 'cognito-idp',
  'AWS::DynamoDB': 'dynamodb',
  'AWS::IAM': 'iam',
  'AWS::KMS': 'kms',
  'AWS::KinesisFirehose': 'firehose',
  'AWS::Lambda': 'lambda',
  'AWS::Logs': 'logs',
  'AWS::Route53': 'route53',
  'AWS::S3': 's3',
  'AWS::SNS': 'sns',
  'AWS::SSM': 'ssm',
  'AWS::SecretsManager': 'secretsmanager',
  'AWS::WAFv2': 'wafv2',
  'AWS::XRay': 'xray',
};

/** @throws Error for a type of resource of a service that is not listed here. */
export const serviceOf = (resourceType: string): string => {
  const [provider = '', service = ''] = resourceType.split('::');
  const found = services[`${provider}::${service}`];
  if (found === undefined)
    throw new Error(`who deploys ${resourceType}? Add it to test/permissions/deployer.ts`);
  return found;
};

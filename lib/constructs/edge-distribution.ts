import { join } from 'node:path';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  OriginSslPolicy,
  PriceClass,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { CloudFrontConfig } from '../cloud-front-config.ts';
import { acknowledge } from '../security-checks.ts';

export interface EdgeDistributionProps {
  readonly envName: string;
  readonly priceClass: CloudFrontConfig['priceClass'];
  /** Host of the API, `<id>.execute-api.<region>.amazonaws.com`. */
  readonly originHost: string;
  /** The stage's name, not the stage: it depends on the gateway responses, which have this distribution's address. */
  readonly stageName: string;
  /** Longest that a request may take. */
  readonly timeoutSeconds: number;
}

/** How the firewall of the API tells requests that came by the distribution, and whose they are. */
export interface EdgeMark {
  /** The header in which the distribution says that it is the one. */
  readonly secretHeader: string;
  readonly secret: string;
  /** The header with the viewer's address, to be believed only beside the secret. */
  readonly viewerHeader: string;
}

const priceClasses = {
  100: PriceClass.PRICE_CLASS_100,
  200: PriceClass.PRICE_CLASS_200,
  all: PriceClass.PRICE_CLASS_ALL,
} as const;

/**
 * Errors that CloudFront would keep for 10 seconds and hand to others, whose credentials are no part of its cache
 * key: for these, a `no-store` of the origin does not count (AWS: "Control how long CloudFront caches errors").
 */
const cachedErrors = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504];

/** CloudFront's own default: the OAuth function has 15 seconds, whatever a tool has. */
const leastTimeoutSeconds = 30;

/**
 * A CloudFront distribution before the API, so that the root of its host is the API's root and OAuth clients find the
 * documents there. It passes everything on and keeps nothing (docs/adr/0012-cloudfront.md).
 */
export class EdgeDistribution extends Construct {
  /** `https://<id>.cloudfront.net` */
  readonly url: string;
  readonly mark: EdgeMark;

  constructor(scope: Construct, id: string, props: EdgeDistributionProps) {
    super(scope, id);
    const secret = new Secret(this, 'OriginSecret', {
      description: 'Drawbridge: by what the firewall knows the CloudFront distribution',
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.mark = {
      secretHeader: 'x-drawbridge-edge',
      // A reference that CloudFormation resolves: the template has no secret in it.
      secret: secret.secretValue.unsafeUnwrap(),
      viewerHeader: 'x-drawbridge-viewer',
    };
    const viewerAddress = new EdgeFunction(this, 'ViewerAddress', {
      comment: 'Drawbridge: tells the firewall of the API who the viewer is',
      code: FunctionCode.fromFile({ filePath: join(import.meta.dirname, 'viewer-address.js') }),
      runtime: FunctionRuntime.JS_2_0,
    });
    const distribution = new Distribution(this, 'Distribution', {
      comment: `Drawbridge ${props.envName}`,
      priceClass: priceClasses[props.priceClass],
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultBehavior: {
        origin: new HttpOrigin(props.originHost, {
          originPath: `/${props.stageName}`,
          protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
          originSslProtocols: [OriginSslPolicy.TLS_V1_2],
          readTimeout: Duration.seconds(Math.max(leastTimeoutSeconds, props.timeoutSeconds)),
          customHeaders: { [this.mark.secretHeader]: this.mark.secret },
        }),
        // A redirect would come after the credential has gone over plain HTTP.
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        allowedMethods: AllowedMethods.ALLOW_ALL,
        cachePolicy: CachePolicy.CACHING_DISABLED,
        // Authorization among them, which no policy of one's own may name while nothing is cached.
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        compress: false,
        functionAssociations: [
          { function: viewerAddress, eventType: FunctionEventType.VIEWER_REQUEST },
        ],
      },
      errorResponses: cachedErrors.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
    });
    this.url = `https://${distribution.distributionDomainName}`;
    this.#acknowledge(distribution, secret);
  }

  #acknowledge(distribution: Distribution, secret: Secret): void {
    const reasons = {
      'AwsSolutions-CFR1': 'Clients call from hosted services all over the world.',
      'AwsSolutions-CFR2':
        'The web ACL stands before the API, where it also sees requests that go past the distribution.',
      'AwsSolutions-CFR3':
        'Each request is in the access log of the API. Logs of CloudFront hold query strings, authorization codes among them.',
      'AwsSolutions-CFR4':
        'CloudFront fixes the TLS policy of its own host name. Who needs another uses a domain and publicUrl.',
    };
    for (const [finding, reason] of Object.entries(reasons)) {
      acknowledge(distribution, finding, reason);
    }
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'It lets nobody in: who has it can only evade the limit per address. It is replaced by a deployment.',
    );
  }
}

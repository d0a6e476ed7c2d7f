import {
  DomainName,
  EndpointAccessMode,
  EndpointType,
  SecurityPolicy,
  type IRestApi,
  type RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager';
import { ARecord, HostedZone, RecordTarget, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import { ApiGatewayDomain } from 'aws-cdk-lib/aws-route53-targets';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { DomainConfig } from '../domain-config.ts';

export interface CustomDomainProps {
  readonly api: RestApi;
  readonly domain: DomainConfig;
}

/**
 * The API at a name of the operator's, at its root: no stage is in the path, so `/.well-known/` is where OAuth clients
 * look. Nothing is looked up at synthesis: zones and certificates come by their ids.
 */
export class CustomDomain extends Construct {
  /** What the name must point at, where it is not in a zone of the configuration. */
  readonly target: string;

  constructor(scope: Construct, id: string, { api, domain }: CustomDomainProps) {
    super(scope, id);
    const { name, hostedZone, certificateArn, truststore } = domain;
    const { securityPolicy = 'TLS13_1_2_PFS_PQ_2025_09' } = domain;
    const zone =
      hostedZone === undefined
        ? undefined
        : HostedZone.fromHostedZoneAttributes(this, 'Zone', {
            hostedZoneId: hostedZone.id,
            zoneName: hostedZone.name,
          });
    const domainName = new DomainName(this, 'Domain', {
      domainName: name,
      certificate:
        certificateArn === undefined
          ? this.#certificate(name, zone)
          : Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      endpointType: EndpointType.REGIONAL,
      ...(truststore === undefined
        ? {
            securityPolicy: SecurityPolicy[securityPolicy],
            // Only connections that the policy allows, whatever name the client asked for in TLS.
            endpointAccessMode: EndpointAccessMode.STRICT,
          }
        : // The newer policies and mTLS exclude each other (AWS: "Security policies for custom domains").
          { securityPolicy: SecurityPolicy.TLS_1_2 }),
      mapping: api as IRestApi,
      ...(truststore === undefined
        ? {}
        : {
            mtls: {
              bucket: Bucket.fromBucketName(this, 'Truststore', truststore.bucket),
              key: truststore.key,
              ...(truststore.version === undefined ? {} : { version: truststore.version }),
            },
          }),
    });
    this.target = domainName.domainNameAliasDomainName;
    if (zone !== undefined) {
      new ARecord(this, 'Alias', {
        zone,
        recordName: name,
        target: RecordTarget.fromAlias(new ApiGatewayDomain(domainName)),
      });
    }
  }

  #certificate(domainName: string, zone: IHostedZone | undefined): Certificate {
    return new Certificate(this, 'Certificate', {
      domainName,
      validation: CertificateValidation.fromDns(zone),
    });
  }
}

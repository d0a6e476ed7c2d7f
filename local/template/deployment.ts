/** One resource of the synthesized stacks. `properties` have every intrinsic function resolved. */
export interface DeployedResource {
  readonly stack: string;
  readonly logicalId: string;
  /** `aws:cdk:path`, or stack/logicalId where the template has none: how messages name it to a person. */
  readonly displayName: string;
  readonly type: string;
  /** What `Ref` gives. Deterministic: the same template gives the same ids at every start. */
  readonly physicalId: string;
  readonly arn: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** How CloudFormation updates it, resolved as `properties` are; absent where the template does not say. */
  readonly updatePolicy?: Readonly<Record<string, unknown>>;
}

/** The synthesized application (cdk.out) as if it had been deployed: the twin's only source of what to run. */
export interface Deployment {
  readonly accountId: string;
  readonly region: string;
  readonly resources: readonly DeployedResource[];
  ofType(type: string): readonly DeployedResource[];
  /** The resource of `type` with this physical id. @throws Error naming both when there is none. */
  byPhysicalId(type: string, physicalId: string): DeployedResource;
  /** The directory of a file asset, by the S3 key that the template's Code names. @throws Error when unknown. */
  assetDirectory(s3Key: string): string;
}

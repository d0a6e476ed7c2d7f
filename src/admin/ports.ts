import type { Clock } from '../clock/clock.ts';
import type { Pepper } from '../credentials/pepper.ts';
import type { Registry } from '../registry/registry.ts';
import type { UpstreamRegistry } from '../registry/upstream-registry.ts';
import type { OpenApiTool } from '../upstreams/openapi-tool.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import type { JsonObject, UpstreamFacts } from '../upstreams/upstream.ts';
import type { DeployedUpstream } from './deployment-document.ts';

/** API Gateway's usage plans, by the names that the deployment gives them. */
export interface UsagePlanDirectory {
  planNames(): Promise<readonly string[]>;
  /** Creates the tenant's API Gateway key, enabled and in no plan yet. `value`: 20 to 128 characters. */
  createTenantKey(input: {
    readonly tenant: string;
    readonly value: string;
  }): Promise<{ readonly apiGatewayKeyId: string }>;
  /** Puts a key into a plan. */
  attach(input: { readonly apiGatewayKeyId: string; readonly plan: string }): Promise<void>;
  /** Deletes a key, out of its plan too. */
  remove(input: { readonly apiGatewayKeyId: string }): Promise<void>;
}

export interface PepperReader {
  read(): Promise<Pepper>;
}

/** What a deployment says of itself, as far as upstreams depend on it. */
export interface DeploymentFacts {
  /** What `${secret:NAME}` may name. */
  readonly secretNames: readonly string[];
  /** The entries of `config/mcp.json` that it was deployed with. */
  readonly upstreams: readonly DeployedUpstream[];
  readonly allowLoopback: boolean;
  /** Where it answers, beside its execute-api address: an upstream there would be itself. */
  readonly hosts: readonly string[];
  readonly restApiId: string;
}

/** The deployment's secrets, by the names that its configuration gives them. */
export interface SecretValues {
  write(name: string, value: string): Promise<void>;
  /** `isSet` is false while the value is the random one that the deployment began with. */
  status(name: string): Promise<{ readonly isSet: boolean; readonly changedAt?: string }>;
}

export interface ProbedUpstream {
  readonly facts: UpstreamFacts;
  readonly tools: readonly JsonObject[];
}

/** Connects to an upstream as the gateway does, once. */
export interface UpstreamProbe {
  /** @throws UpstreamError */
  list(spec: UpstreamSpec, tenant: string): Promise<ProbedUpstream>;
}

export interface AdminPorts {
  readonly registry: Registry;
  readonly upstreams: UpstreamRegistry;
  readonly usagePlans: UsagePlanDirectory;
  readonly peppers: PepperReader;
  readonly deployment: DeploymentFacts;
  readonly secrets: SecretValues;
  readonly probe: UpstreamProbe;
  readonly clock: Clock;
}

export interface TextFile {
  /** As people know it: `config/mcp.json`. */
  readonly name: string;
  /** Undefined when there is none. */
  read(): Promise<string | undefined>;
  /** All or nothing. */
  write(text: string): Promise<void>;
}

/** An npm package and the version that was found for it. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
}

/** Lock files of stdio servers: what is vendored when the deployment is synthesized. */
export interface PackageLocks {
  /**
   * Finds the version that npm has for `range` and writes a lock of it and its dependencies.
   * @throws AdminError PACKAGE_UNRESOLVED, with nothing written.
   */
  lock(server: string, name: string, range: string): Promise<LockedPackage>;
  /** No error when there is none. */
  remove(server: string): Promise<void>;
}

/** The files of the project that is deployed. */
export interface ProjectPorts {
  readonly mcpJson: TextFile;
  readonly pinLock: TextFile;
  readonly packages: PackageLocks;
  /** Tools of an OpenAPI document, a file of the project. @throws UpstreamConfigError */
  compileOpenApi(
    file: string,
  ): Promise<{ readonly tools: readonly OpenApiTool[]; readonly warnings: readonly string[] }>;
}

import type { AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock/clock.ts';
import type { Pepper } from '../credentials/pepper.ts';
import type { CallDecision, PolicyTool } from '../policy/policy-decider.ts';
import type { Lane, Role } from '../principals/principal.ts';
import type { StandingWriter, UsageReader } from '../quota/meter.ts';
import type { Registry } from '../registry/registry.ts';
import type { UpstreamRegistry } from '../registry/upstream-registry.ts';
import type { OpenApiTool } from '../upstreams/openapi-tool.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import type { JsonObject, UpstreamFacts } from '../upstreams/upstream.ts';
import type { AdminAuditRecord } from './admin-audit-record.ts';
import type { DeployedUpstream, DeploymentDocument } from './deployment-document.ts';

/** A tenant's API Gateway key, as API Gateway has it. */
export interface TenantGatewayKey {
  readonly apiGatewayKeyId: string;
  /** As its name says. */
  readonly tenant: string;
  readonly value: string;
  readonly enabled: boolean;
  /** Plans of this deployment that it is in: one, when all is well. */
  readonly plans: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

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
  /** Takes a key out of a plan. No error when it is not in it. */
  detach(input: { readonly apiGatewayKeyId: string; readonly plan: string }): Promise<void>;
  /** The plan of this deployment that the key is in. */
  planOf(apiGatewayKeyId: string): Promise<string | undefined>;
  /** All keys of this deployment's tenants, whether these are in the registry or not. */
  listTenantKeys(): Promise<readonly TenantGatewayKey[]>;
  /** Switches a key on. */
  enable(input: { readonly apiGatewayKeyId: string }): Promise<void>;
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
  /** Where clients reach it. Absent: as for `ownTools`. */
  readonly publicUrl?: DeploymentDocument['publicUrl'];
  /** API Gateway's own address, where it has to refuse. */
  readonly closedUrl?: DeploymentDocument['closedUrl'];
  /** The tools that it has itself. Absent: it is from before the document said so. */
  readonly ownTools?: DeploymentDocument['ownTools'];
  /** What becomes of a tool that nobody approved. Absent: as for `ownTools`. */
  readonly newTools?: DeploymentDocument['newTools'];
  /** Absent: as for `ownTools`, or for operators only. */
  readonly firewall?: DeploymentDocument['firewall'];
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

/** What the next charge finds of what operators decided. With several counters for a tenant: of each. */
export interface Standing {
  readonly suspended: boolean;
  readonly policyVersion?: number;
  /** Unix seconds from which the credential that was asked about is refused; absent while it is not. */
  readonly revokedAt?: number;
}

export interface StandingReader {
  /** One for each counter that the tenant has, also where nothing was written yet. */
  standings(
    tenant: string,
    /** A credential of the tenant (`Principal.subject`), when one is asked about. */
    subject?: string,
  ): Promise<readonly Standing[]>;
}

/** What is wrong with the text of policies. */
export interface PolicyProblem {
  /** From 1; absent where it is about the text as a whole. */
  readonly line?: number;
  readonly column?: number;
  readonly reason: string;
}

/** What a test of policies asks: may such a caller call this tool? */
export interface PolicyQuestion {
  readonly tenant: string;
  /** Policies in the place of the tenant's own. */
  readonly text: string;
  readonly role: Role;
  /** As in `Principal.subject`. */
  readonly subject: string;
  readonly lane: Lane;
  readonly sourceIp: string;
  readonly tool: PolicyTool;
  readonly args: unknown;
}

/** Cedar, beside the deployment's base policies. */
export interface PolicyCompiler {
  /**
   * None when the text can be put in force.
   * @param tenant - whose it is to be: then a text that names another tenant is refused too.
   */
  compile(text: string, tenant?: string): Promise<readonly PolicyProblem[]>;
  decide(question: PolicyQuestion): Promise<CallDecision>;
}

export const usageDimensions = ['key', 'tool', 'day'] as const;
export type UsageDimension = (typeof usageDimensions)[number];

export interface UsageBreakdownQuery {
  /** Absent: all tenants. */
  readonly tenant?: string;
  readonly by: UsageDimension;
  /** Unix seconds; `from` is included, `to` is not. */
  readonly from: number;
  readonly to: number;
}

export interface UsageBreakdownRow {
  /** The key's id, the tool's name or the day (`2026-11-28`); null for calls that have none. */
  readonly of: string | null;
  readonly calls: number;
  readonly units: number;
  /** Of the calls, those that were refused or ended in an error. */
  readonly errors: number;
}

/** Questions to the audit log. */
export interface UsageQueries {
  /** The most units first; days in their order. */
  breakdown(query: UsageBreakdownQuery): Promise<readonly UsageBreakdownRow[]>;
}

/** Where the audit of what operators do is written. */
export interface AdminAuditSink {
  /** Makes ready. @throws Error when it cannot be written to: the operation must not run then. */
  open(): Promise<void>;
  write(record: AdminAuditRecord): Promise<void>;
}

export interface AdminPorts {
  readonly registry: Registry;
  readonly upstreams: UpstreamRegistry;
  readonly usagePlans: UsagePlanDirectory;
  readonly peppers: PepperReader;
  readonly deployment: DeploymentFacts;
  readonly secrets: SecretValues;
  readonly probe: UpstreamProbe;
  readonly standing: StandingWriter & StandingReader;
  readonly policies: PolicyCompiler;
  readonly usage: UsageReader;
  readonly usageQueries: UsageQueries;
  readonly auditSink: AdminAuditSink;
  /** What was written of calls and operations: for the deployment's operators, who read it with their own credentials. */
  readonly audit?: AuditLog;
  /** The deployment's name, for audit records. */
  readonly env: string;
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

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

export interface AwsCredentials {
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** `.drawbridge/connection.json`: how programs find the running twin (content/twin.md). */
export interface Connection {
  readonly url: string;
  readonly mcpUrl: string;
  readonly tenant?: string;
  readonly apiKey?: string;
  readonly keyId?: string;
  /** Where requests that an IAM role signed go, and a role's session to sign them with. They mean nothing to AWS. */
  readonly ciUrl?: string;
  readonly aws?: AwsCredentials & { readonly roleArn: string };
  /** The OAuth facade's issuer and token endpoint, a machine client, and the demo user of the login page. */
  readonly issuer?: string;
  readonly tokenUrl?: string;
  readonly oauthClient?: {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly scope: string;
  };
  /** The client without a secret that everybody who registers is handed: for clients that do not register. */
  readonly oauthPublicClientId?: string;
  readonly demoUser?: { readonly username: string; readonly password: string };
  /** The admin API (content/admin-api.md): signed with `adminAws`. Absent where the deployment has none. */
  readonly adminUrl?: string;
  /** An operator's credentials, for the CLI. They mean nothing to AWS. */
  readonly adminAws: AwsCredentials;
  readonly twin: {
    readonly pid: number;
    /** Where the twin answers for AWS services. */
    readonly awsEndpoint: string;
    /** The SSM parameter that describes the deployment. */
    readonly deployment: string;
  };
}

/** Writes the file for its owner's eyes only, whole or not at all. */
export const writeConnection = (path: string, connection: Connection): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileAtomic.sync(path, `${JSON.stringify(connection, null, 2)}\n`, { mode: 0o600 });
};

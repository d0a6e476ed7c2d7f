import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { cognitoAddresses, readCognitoSettings } from './cognito/cognito-settings.ts';
import { openListener, type Listener } from './cognito/listener.ts';
import type { Deployment } from './template/deployment.ts';
import { loadDeployment, type LoadOptions } from './template/load-deployment.ts';

export interface AddressedDeployment {
  readonly deployment: Deployment;
  /** Where the API will be served: the port is free. */
  readonly port: number;
  /** Taken for the user pool, when the template has one. */
  readonly poolListener: Listener | undefined;
}

/** A port that is free now. @throws Error EADDRINUSE when `port` is not 0 and taken. */
const freePort = async (port: number): Promise<number> => {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return found;
};

/** The address that AWS gives the API's stage, as the template spells it. */
const apiAddresses = (raw: Deployment, url: string): readonly (readonly [string, string])[] =>
  raw
    .ofType('AWS::ApiGateway::Stage')
    .map(({ properties, physicalId }) => [
      `https://${String(properties['RestApiId'])}.execute-api.${raw.region}.amazonaws.com/${physicalId}`,
      url,
    ]);

/**
 * The deployment with the addresses that it would have at AWS replaced by those of this machine: the twin is what
 * answers at them.
 */
export const loadAddressedDeployment = async (
  cdkOut: string,
  wantedPort: number,
  account: LoadOptions,
): Promise<AddressedDeployment> => {
  const raw = loadDeployment(cdkOut, account);
  const port = await freePort(wantedPort);
  const settings = readCognitoSettings(raw);
  const poolListener = settings === undefined ? undefined : await openListener(0);
  const addressBook = [
    ...apiAddresses(raw, `http://127.0.0.1:${port}`),
    ...(settings === undefined || poolListener === undefined
      ? []
      : cognitoAddresses(settings, poolListener.url)),
  ];
  return { deployment: loadDeployment(cdkOut, { ...account, addressBook }), port, poolListener };
};

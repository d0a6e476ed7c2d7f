import { cognitoAddresses, readCognitoSettings } from './cognito/cognito-settings.ts';
import { openListener, type Listener } from './cognito/listener.ts';
import { freePort } from './free-port.ts';
import type { Deployment } from './template/deployment.ts';
import { loadDeployment, type LoadOptions } from './template/load-deployment.ts';

export interface AddressedDeployment {
  readonly deployment: Deployment;
  /** Where the API will be served. */
  readonly port: number;
  /** Taken for the user pool, when the template has one. */
  readonly poolListener: Listener | undefined;
}

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
 * @param wanted - where the API will be served; `isTaken`: somebody listens there already, and will hand it over.
 */
export const loadAddressedDeployment = async (
  cdkOut: string,
  wanted: { readonly port: number; readonly isTaken: boolean },
  account: LoadOptions,
): Promise<AddressedDeployment> => {
  const raw = loadDeployment(cdkOut, account);
  const port = wanted.isTaken ? wanted.port : await freePort(wanted.port);
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

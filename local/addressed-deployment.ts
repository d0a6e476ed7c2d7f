import { cognitoAddresses, readCognitoSettings } from './cognito/cognito-settings.ts';
import { openListener, type Listener } from './cognito/listener.ts';
import type { Deployment } from './template/deployment.ts';
import { loadDeployment, type LoadOptions } from './template/load-deployment.ts';

export interface AddressedDeployment {
  readonly deployment: Deployment;
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
 * @param apiUrl - where the API will be served, without a trailing slash: somebody listens there already.
 */
export const loadAddressedDeployment = async (
  cdkOut: string,
  apiUrl: string,
  account: LoadOptions,
): Promise<AddressedDeployment> => {
  const raw = loadDeployment(cdkOut, account);
  const settings = readCognitoSettings(raw);
  const poolListener = settings === undefined ? undefined : await openListener(0);
  const addressBook = [
    ...apiAddresses(raw, apiUrl),
    ...(settings === undefined || poolListener === undefined
      ? []
      : cognitoAddresses(settings, poolListener.url)),
  ];
  return { deployment: loadDeployment(cdkOut, { ...account, addressBook }), poolListener };
};

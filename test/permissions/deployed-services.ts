import { serviceOf } from './deployer.ts';
import { resourceTypes } from '../../local/template/resource-types.ts';

/** Services of all resource types that the twin knows: those that any template of the project may have. */
export const deployedServices = (): readonly {
  readonly service: string;
  readonly types: readonly string[];
}[] => {
  const byService = Map.groupBy(
    Object.keys(resourceTypes).filter(
      (type) => type.startsWith('AWS::') && type !== 'AWS::CDK::Metadata',
    ),
    serviceOf,
  );
  return [...byService]
    .map(([service, types]) => ({
      service,
      types: types.map((type) => type.replace(/^AWS::/u, '').replace('::', ' ')).toSorted(),
    }))
    .toSorted((a, b) => (a.service < b.service ? -1 : 1));
};

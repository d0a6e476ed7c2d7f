import { diagnose } from '../../../src/admin/diagnose.ts';
import { driftText, type Drift } from '../../../src/admin/drift.ts';
import { repair } from '../../../src/admin/repair.ts';
import { route } from '../route.ts';

const driftView = (drift: Drift) => ({ ...drift, text: driftText(drift) });

export const doctorRoutes = [
  route({
    method: 'GET',
    path: '/admin/doctor',
    operation: 'doctor.diagnose',
    access: 'operator',
    summary: 'compares API Gateway, the records and the counters',
    run: async ({ ports }) => ({ body: { items: (await diagnose(ports)).map(driftView) } }),
  }),
  route({
    method: 'POST',
    path: '/admin/doctor',
    operation: 'doctor.repair',
    access: 'operator',
    summary: 'mends what differs, as far as that needs no person',
    run: async ({ ports }) => {
      const treated = await repair(ports, await diagnose(ports));
      return {
        body: {
          items: treated.map(({ drift, mended, note }) => ({ ...driftView(drift), mended, note })),
        },
      };
    },
  }),
] as const;

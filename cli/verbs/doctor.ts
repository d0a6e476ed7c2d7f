import type { Command } from 'commander';
import { assertSound, doctor } from '../commands/doctor.ts';
import { doctorText } from '../doctor-texts.ts';
import type { VerbContext } from './context.ts';

export const addDoctorVerb = (program: Command, { operate, print }: VerbContext): void => {
  program
    .command('doctor')
    .description('find what API Gateway, the records and the counters do not agree about')
    .option('--repair', 'mend what needs nobody’s judgement')
    .action(({ repair = false }: { repair?: boolean }) =>
      operate([repair ? 'doctor.repair' : 'doctor.diagnose', null], async (ports) => {
        const view = await doctor(ports, repair);
        print(view, doctorText);
        assertSound(view, repair);
      }),
    );
};

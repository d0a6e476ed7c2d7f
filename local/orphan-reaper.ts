import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * `+ pid` and `- pid` keep the list; end of input means that the twin is gone, however it went, and what is still on
 * the list is killed with everything that it started.
 */
const SCRIPT = `
list=" "
while read -r op pid; do
  case $op in
    +) list="$list$pid " ;;
    -) list="\${list%% $pid *} \${list#* $pid }" ;;
  esac
done
for pid in $list; do kill -9 "-$pid" 2>/dev/null; done
`;

/**
 * Kills process groups that outlive the twin: a sandbox, which notices by itself that its Runtime API is gone unless its
 * function never yields, and a synthesis, which would hold `cdk.out` against the next start.
 */
export class OrphanReaper {
  readonly #shell: ChildProcess;

  constructor() {
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
      detached: true,
    });
    this.#shell.unref();
    this.#shell.on('error', () => undefined);
    this.#shell.stdin?.on('error', () => undefined);
    if (this.#shell.stdin instanceof Socket) this.#shell.stdin.unref();
  }

  watch(processGroup: number): void {
    this.#shell.stdin?.write(`+ ${processGroup}\n`);
  }

  forget(processGroup: number): void {
    this.#shell.stdin?.write(`- ${processGroup}\n`);
  }

  close(): void {
    this.#shell.stdin?.end();
  }
}

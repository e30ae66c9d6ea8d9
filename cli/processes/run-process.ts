/** Runs one of the two processes; a failure goes to `ficus up`, which logs it, and becomes the exit status. */
import { describeError, FicusError } from '@ficus/core';
import type { ProcessName } from './process-messages.ts';
import { runControl } from './run-control.ts';
import { runProxy } from './run-proxy.ts';
import type { Supervisor } from './supervisor.ts';

const RUN = { proxy: runProxy, control: runControl } satisfies Record<ProcessName, unknown>;

export async function runProcess(name: ProcessName, supervisor: Supervisor): Promise<void> {
  process.title = `ficus ${name}`;
  await supervisor.send({ kind: 'ready' });
  try {
    await RUN[name](supervisor);
  } catch (error) {
    // An unforeseen error ends the process as it would anywhere, with its stack.
    if (!(error instanceof FicusError)) throw error;
    const { code, message } = error;
    await supervisor.send({ kind: 'failed', code, message });
    process.exitCode = describeError(code).exit;
  } finally {
    supervisor.close();
  }
}

/** Why the sample could not be brought up, in one line; answers the exit status. */
import { FicusError } from '@ficus/core';
import { ProcessFailed } from '../processes/managed-process.ts';
import { PortUnusable } from './read-ports.ts';

export function explainFailure(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) {
    console.error('stopped');
    return 3;
  }
  const remedy = error instanceof FicusError ? ` ${error.remedy}` : '';
  console.error(`error: ${error instanceof Error ? error.message : String(error)}${remedy}`);
  return error instanceof ProcessFailed || error instanceof PortUnusable ? error.exitStatus : 3;
}

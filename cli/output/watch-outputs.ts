/** Outputs that cannot be written: a reader that has exited (`| head -1`), a terminal that was closed, a full disk. */
import { describeFileError, FicusError } from '@ficus/core';
import { reportFailure } from './report-failure.ts';

/** Called once, before anything is written: an output error without a listener ends the process with a stack trace. */
export function watchOutputs(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has read enough is no failure; the command simply ends.
    if (error.code !== 'EPIPE' && error.code !== 'EIO')
      process.exitCode = reportFailure(
        new FicusError(
          'FICUS_OUTPUT_LOST',
          `Standard output cannot be written: ${describeFileError(error)}.`,
        ),
        { json: false },
      );
    // The command first reaches its own exit status, which it sets after writing.
    setImmediate(() => process.exit());
  });
  // There is no other place to report it.
  process.stderr.on('error', () => undefined);
}

/** An error as a log line has it: what a database says of a row's values is left out. */
import { withoutRowValues } from '@ficus/core';
import pino, { type SerializedError } from 'pino';

export function logError(error: Error): SerializedError {
  // A serialized error keeps the error itself, out of sight of JSON.
  return withoutRowValues({ ...pino.stdSerializers.err(error) }, error);
}

/** An error as a log line has it: without values of rows and credentials of URLs. */
import { fieldsToLog } from '@ficus/core';
import pino, { type SerializedError } from 'pino';

export function logError(error: Error): SerializedError {
  // A serialized error keeps the error itself, out of sight of JSON.
  return fieldsToLog({ ...pino.stdSerializers.err(error) }, error);
}

/** Errors of a source that has no replication slot or sender left. Their texts may come in any language. */
import { FicusError } from '@ficus/core';

const LIMIT_REACHED = '53400';
const TOO_MANY_CONNECTIONS = '53300';

/** For a failed creation of a slot or opening of a replication connection; any other error unchanged. */
export function describeNoRoom(error: unknown): unknown {
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  // The settings' names stay what they are in every language.
  const isSender = code === TOO_MANY_CONNECTIONS && message.includes('max_wal_senders');
  if (code !== LIMIT_REACHED && !isSender) return error;
  const what = isSender ? 'WAL sender' : 'replication slot';
  return new FicusError('FICUS_CDC_SLOTS_EXHAUSTED', `The source has no ${what} left: ${message}.`, {
    cause: error,
  });
}

/** Why a listening socket could not be opened, as one clear sentence. */
import { FicusError, joinHostPort } from '@ficus/core';

export function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): FicusError {
  const where = `${joinHostPort(host, port)} (proxy.listen)`;
  switch (cause.code) {
    case 'EADDRINUSE':
      return new FicusError('FICUS_PORT_TAKEN', `Another process listens on ${where}.`, { cause });
    case 'EACCES':
      return new FicusError('FICUS_INTERNAL', `This user may not listen on ${where}.`, { cause });
    case 'EADDRNOTAVAIL':
      return new FicusError('FICUS_INTERNAL', `This machine has no address ${where}.`, { cause });
    default:
      return new FicusError('FICUS_INTERNAL', `Cannot listen on ${where}: ${cause.message}.`, { cause });
  }
}

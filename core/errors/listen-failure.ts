/** Why a listening socket cannot be opened, as one clear sentence with its code. Used wherever Ficus listens. */
import { joinHostPort } from '../net/host-port.ts';
import type { ErrorCode } from './catalogue.ts';
import { FicusError } from './ficus-error.ts';

/** An error of `server.listen`. */
type ListenError = Error & { readonly code?: string | undefined };

/** @param key config key of the address @param cause Node's error (`code` as in errno) */
export function listenFailure(host: string, port: number, key: string, cause: ListenError): FicusError {
  const where = `${joinHostPort(host, port)} (${key})`;
  const [code, message] = describe(where, port, cause);
  return new FicusError(code, message, { cause });
}

function describe(where: string, port: number, { code, message }: ListenError): [ErrorCode, string] {
  switch (code) {
    case 'EADDRINUSE':
      return ['FICUS_PORT_TAKEN', `Another process listens on ${where}.`];
    case 'EACCES':
      return [
        'FICUS_PORT_DENIED',
        `Cannot listen on ${where}: permission denied${port < 1024 ? '; ports below 1024 need a privilege' : ''}.`,
      ];
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return [
        'FICUS_ADDRESS_UNAVAILABLE',
        `Cannot listen on ${where}: this machine does not have that address.`,
      ];
    default:
      return ['FICUS_INTERNAL', `Cannot listen on ${where}: ${message}.`];
  }
}

/** Says in one sentence why a database cannot be reached. Never shows the URL's password. */
import { type DatabaseAddress, readDatabaseUrl } from '@ficus/core';

/** The parts of a postgres:// URL that may be shown. */
export function addressOf(url: string): Omit<DatabaseAddress, 'password'> {
  try {
    const { password: _, ...shown } = readDatabaseUrl(url);
    return shown;
  } catch {
    return { host: '?', port: '?', database: '?', user: '?' };
  }
}

/** One sentence about a failed connection, from the system's or PostgreSQL's error code. */
export function describeConnectError(url: string, error: unknown): string {
  const { host, port, database, user } = addressOf(url);
  const code = codeOf(error);
  const name = `Database “${database}”`;
  switch (code) {
    case 'ECONNREFUSED':
      return `${name} cannot be reached: nothing listens on ${host}:${port}.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${name} cannot be reached: there is no host “${host}”.`;
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${name} cannot be reached: ${host}:${port} does not answer.`;
    case '28P01':
      return `${name} on ${host}:${port} refuses the password of user “${user}”.`;
    case '28000':
      return `${name} on ${host}:${port} denies access to user “${user}”: ${messageOf(error)}.`;
    case '3D000':
      return `There is no database “${database}” on ${host}:${port}.`;
    case '53300':
      return `${name} on ${host}:${port} has no connection left for user “${user}”.`;
    case '57P03':
      return `${name} on ${host}:${port} is starting up or shutting down.`;
    default:
      if (/timeout/i.test(messageOf(error)))
        return `${name} cannot be reached: ${host}:${port} does not answer.`;
      return `${name} on ${host}:${port} cannot be used: ${messageOf(error)}.`;
  }
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0]?.replace(/\.$/, '') || 'unknown error';
}

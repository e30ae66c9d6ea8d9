/** One sentence for a start that failed: what is wrong and what to do. Never a stack trace, never a password. */

export interface StartFacts {
  readonly databaseUrl: string;
  readonly listen?: { readonly host: string; readonly port: number };
}

interface SystemError {
  readonly code?: string;
  readonly syscall?: string;
  readonly hostname?: string;
  readonly message?: string;
}

export function describeStartFailure(error: unknown, facts: StartFacts): string {
  const { code, syscall, hostname, message } = (error ?? {}) as SystemError;
  const place = databasePlace(facts.databaseUrl);
  const listen = facts.listen ? `${facts.listen.host}:${facts.listen.port}` : 'the given address';
  if (syscall === 'listen' || syscall === 'bind') {
    if (code === 'EADDRINUSE')
      return `Port ${facts.listen?.port} on ${facts.listen?.host} is taken: stop what uses it, or set PORT to another (0 asks for a free one).`;
    return `Cannot listen on ${listen} (${code}): set HOST and PORT to an address of this machine that may be used.`;
  }
  if (syscall === 'getaddrinfo' && hostname === facts.listen?.host)
    return `HOST is ${hostname}, which is no address of this machine: set it to one (127.0.0.1), or leave it out.`;
  switch (code) {
    case 'ERR_INVALID_URL':
      return 'DATABASE_URL is not a URL: set it to postgres://USER@HOST:PORT/DATABASE.';
    case '3D000':
      return `There is no database at ${place}: create it, or set DATABASE_URL to one that exists.`;
    case '28P01':
    case '28000':
      return `PostgreSQL refused the user of DATABASE_URL at ${place}: check user and password.`;
    case '42501':
      return `The user of DATABASE_URL may not create the tables at ${place}: grant CREATE on schema public.`;
    default:
      return `Cannot use PostgreSQL at ${place} (${code ?? message ?? 'unknown reason'}): start it, or set DATABASE_URL to one that runs.`;
  }
}

function databasePlace(databaseUrl: string): string {
  try {
    const { hostname, port, pathname } = new URL(databaseUrl);
    return `${hostname}:${port || 5432}${pathname}`;
  } catch {
    return 'the address in DATABASE_URL';
  }
}

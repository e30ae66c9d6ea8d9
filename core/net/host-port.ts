/** HOST:PORT as configs and logs write it: an IPv6 address stands in brackets there, and nowhere else. */
export interface HostPort {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Takes HOST:PORT apart; the port is NaN where there is none. */
export function splitHostPort(text: string): HostPort {
  const colon = text.lastIndexOf(':');
  return { host: bareHost(text.slice(0, colon)), port: Number(text.slice(colon + 1)) };
}

export function joinHostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${bareHost(host)}]` : host}:${port}`;
}

/** `[::1]` → `::1`; any other host as it is. */
export function bareHost(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

/** HOST:PORT as in configs and logs: only there does an IPv6 address have brackets. */
export interface HostPort {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Splits HOST:PORT; the port is NaN when missing. */
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

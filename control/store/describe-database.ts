/** A database in a form that is safe to show: `host:port/name`, never user or password. */
export function describeDatabase(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname || 'localhost'}:${port || '5432'}/${decodeURIComponent(pathname.slice(1)) || 'postgres'}`;
  } catch {
    return 'the configured database';
  }
}

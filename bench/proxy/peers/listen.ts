/** What every peer written in Node does alike: takes the upstream from the command line, announces a free port. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const upstreamUrl: string = process.argv[2] ?? '';

export function announce(port: number): void {
  console.log(JSON.stringify({ port }));
}

/** Listens, announces, and ends on SIGTERM. */
export function listenAndAnnounce(server: Server): void {
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
  process.once('SIGTERM', () => process.exit(0));
}

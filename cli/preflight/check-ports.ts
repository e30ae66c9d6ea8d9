/** Whether the addresses that Ficus itself listens on are free. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Finding } from '@ficus/cdc';
import { type FicusConfig, listenFailure, splitHostPort } from '@ficus/core';

export type Listener = 'proxy' | 'control';

export async function checkPorts(config: FicusConfig, listeners: readonly Listener[]): Promise<Finding[]> {
  const checks = listeners.flatMap((part) => {
    const listen = config[part]?.listen;
    return listen === undefined ? [] : [freeAddress(`${part}.listen`, listen)];
  });
  return (await Promise.all(checks)).flat();
}

async function freeAddress(path: string, listen: string): Promise<Finding[]> {
  const { host, port } = splitHostPort(listen);
  if (port === 0) return [];
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, 'listening');
    return [];
  } catch (error) {
    const { code, message } = listenFailure(host, port, path, error as NodeJS.ErrnoException);
    return [{ severity: 'error', path, code, message }];
  } finally {
    server.close();
  }
}

/** Whether a server listens where the config says that legacy and candidates answer. No request is sent. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import type { Finding } from '@ficus/cdc';
import { bareHost, type FicusConfig } from '@ficus/core';

type Upstream = FicusConfig['legacy'];

const CONNECT_MS = 3000;

export function checkUpstreams(config: FicusConfig): Promise<Finding[]>[] {
  const upstreams: [path: string, upstream: Pick<Upstream, 'url' | 'addresses'>][] = [
    ['legacy', config.legacy],
    ...Object.entries(config.slices).map(([name, slice]): [string, Pick<Upstream, 'url' | 'addresses'>] => [
      `slices.${name}.candidate`,
      slice.candidate,
    ]),
  ];
  return upstreams.flatMap(([path, { url, addresses }]) => {
    const { hostname, port, protocol } = new URL(url);
    const standard = port || (protocol === 'https:' ? '443' : '80');
    if (!addresses) return [look(`${path}.url`, hostname, standard)];
    return addresses.map((address, index) =>
      look(`${path}.addresses[${index}]`, ...split(address, standard)),
    );
  });
}

/** `IP`, `IP:PORT` or `[IPv6]:PORT`. */
function split(address: string, standard: string): [host: string, port: string] {
  const [, host = address, port = standard] = /^(\[.+\]|[^:]+):(\d+)$/.exec(address) ?? [];
  return [host, port];
}

async function look(path: string, host: string, port: string): Promise<Finding[]> {
  const socket = createConnection({ host: bareHost(host), port: Number(port) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return [];
  } catch (error) {
    return [
      {
        severity: 'error',
        path,
        code: 'FICUS_PROXY_UPSTREAM_UNREACHABLE',
        message: `${host}:${port} cannot be reached: ${describe(error as NodeJS.ErrnoException)}.`,
      },
    ];
  } finally {
    socket.destroy();
  }
}

function describe({ code, name }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known';
  if (name === 'AbortError') return `no answer within ${CONNECT_MS / 1000} s`;
  return code ?? name;
}

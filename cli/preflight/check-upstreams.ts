/** Whether a server listens where the config says that legacy and candidates answer. No request is sent. */
import { once } from 'node:events';
import { createConnection, type NetConnectOpts } from 'node:net';
import type { Finding } from '@ficus/cdc';
import { bareHost, type FicusConfig } from '@ficus/core';

type Place = Pick<FicusConfig['legacy'], 'url' | 'addresses' | 'socket'>;

const CONNECT_MS = 3000;

export function checkUpstreams(config: FicusConfig): Promise<Finding[]>[] {
  const upstreams: [path: string, upstream: Place][] = [
    ['legacy', config.legacy],
    ...Object.entries(config.slices).map(([name, slice]): [string, Place] => [
      `slices.${name}.candidate`,
      slice.candidate,
    ]),
  ];
  return upstreams.flatMap(([path, { url, addresses, socket }]) => {
    if (socket !== undefined) return [look(`${path}.socket`, socket, { path: socket })];
    const { hostname, port, protocol } = new URL(url);
    const standard = port || (protocol === 'https:' ? '443' : '80');
    const at = (key: string, host: string, port: string): Promise<Finding[]> =>
      look(`${path}.${key}`, `${host}:${port}`, { host: bareHost(host), port: Number(port) });
    if (!addresses) return [at('url', hostname, standard)];
    return addresses.map((address, index) => at(`addresses[${index}]`, ...split(address, standard)));
  });
}

/** `IP`, `IP:PORT` or `[IPv6]:PORT`. */
function split(address: string, standard: string): [host: string, port: string] {
  const [, host = address, port = standard] = /^(\[.+\]|[^:]+):(\d+)$/.exec(address) ?? [];
  return [host, port];
}

async function look(path: string, name: string, where: NetConnectOpts): Promise<Finding[]> {
  const socket = createConnection(where);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
    return [];
  } catch (error) {
    return [
      {
        severity: 'error',
        path,
        code: 'FICUS_PROXY_UPSTREAM_UNREACHABLE',
        message: `${name} cannot be reached: ${describe(error as NodeJS.ErrnoException)}.`,
      },
    ];
  } finally {
    socket.destroy();
  }
}

function describe({ code, name }: NodeJS.ErrnoException): string {
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOENT') return 'there is no such socket';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its name is not known';
  if (name === 'AbortError') return `no answer within ${CONNECT_MS / 1000} s`;
  return code ?? name;
}

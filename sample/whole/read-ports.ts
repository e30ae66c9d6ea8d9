/**
 * The sample's ports, from the environment. Checked before anything is started: a taken port is reported at once, with
 * the variable that moves it, and not after a minute of seeding.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

interface SamplePorts {
  readonly proxyPort: number;
  readonly controlPort: number;
  readonly monolithPort: number;
  readonly servicePort: number;
  readonly postgresPort: number;
}

/** An unusable port; 2 when it is not a port, 3 when it is taken. */
export class PortUnusable extends Error {
  readonly exitStatus: number;

  constructor(message: string, exitStatus: number) {
    super(message);
    this.name = 'PortUnusable';
    this.exitStatus = exitStatus;
  }
}

/** @throws PortUnusable */
export async function readPorts(environment: NodeJS.ProcessEnv): Promise<SamplePorts> {
  const read = (name: string, fallback: number) => readPort(name, environment[name] || String(fallback));
  return {
    proxyPort: await read('FICUS_PROXY_PORT', 8080),
    controlPort: await read('FICUS_CONTROL_PORT', 8081),
    monolithPort: await read('FICUS_MONOLITH_PORT', 0),
    servicePort: await read('FICUS_NOTIFICATIONS_PORT', 0),
    postgresPort: await read('FICUS_POSTGRES_PORT', 0),
  };
}

async function readPort(name: string, text: string): Promise<number> {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new PortUnusable(`${name} takes a port from 0 to 65535, not “${text}”.`, 2);
  const port = Number(text);
  if (port === 0) return 0;
  const server = createServer().listen({ host: '127.0.0.1', port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        ? 'is taken by another process'
        : 'cannot be used';
    throw new PortUnusable(`Port ${port} ${why}. Choose another: ${name}=0 takes any free one.`, 3);
  } finally {
    server.close();
  }
  return port;
}

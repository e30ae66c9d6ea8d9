/**
 * The upstream behind every peer, the same throughout a run: nginx where it is installed, otherwise a lean server on
 * raw sockets. Serves the same bytes under every path of a kind.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, waitForPort } from './ports.ts';
import { announced, isInstalled, type RunningProcess, startProcess } from './running-process.ts';

export interface Backend {
  readonly port: number;
  readonly kind: 'nginx' | 'node';
  stop(): Promise<void>;
}

/** 260 bytes, as in the published measurements. */
export const SMALL_BODY: string = JSON.stringify({ id: 42, name: 'notifications', padding: 'x'.repeat(216) });
/** Body of bodies-backend.ts's stream. */
export const STREAM_BYTES: number = 16 * 1_048_576;
export const BODY_SIZES = { '1k': 1024, '64k': 65_536, '1m': 1_048_576 } as const;

export async function startBackend(core: number | undefined): Promise<Backend> {
  return isInstalled('nginx') ? startNginx(core) : startNode(core, 'backend-process.ts');
}

async function startNginx(core: number | undefined): Promise<Backend> {
  const folder = mkdtempSync(join(tmpdir(), 'ficus-bench-'));
  mkdirSync(join(folder, 'files'));
  writeFileSync(join(folder, 'files', 'small'), SMALL_BODY);
  for (const [name, bytes] of Object.entries(BODY_SIZES)) {
    writeFileSync(join(folder, 'files', name), Buffer.alloc(bytes, 'a'));
  }
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, nginxBackendConfig(folder, port));
  const child = await startProcess(core, ['nginx', '-c', config, '-p', folder, '-e', '/dev/null'], () =>
    waitForPort(port),
  );
  return { port, kind: 'nginx', stop: stopAndRemove(child, folder) };
}

/** nginx drops root by default, and with it access to files under a private folder. */
const asRoot = process.getuid?.() === 0 ? 'user root; ' : '';

function nginxBackendConfig(folder: string, port: number): string {
  return `daemon off; ${asRoot}worker_processes 1; pid ${folder}/pid; error_log /dev/null;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; sendfile on; tcp_nopush on;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi; client_max_body_size 0;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / { default_type application/json; return 200 '${SMALL_BODY}'; }
    location /files/ { root ${folder}; default_type application/octet-stream; }
  }
}
`;
}

async function startNode(core: number | undefined, file: string): Promise<Backend> {
  let port = 0;
  const program = join(import.meta.dirname, file);
  const child = await startProcess(core, [process.execPath, program], async (started) => {
    ({ port } = await announced<{ port: number }>(started, 'port'));
  });
  return { port, kind: 'node', stop: () => child.stop() };
}

/** The upstream of uploads and streams: see bodies-backend.ts. */
export async function startBodiesBackend(core: number | undefined): Promise<Backend> {
  return startNode(core, 'bodies-backend.ts');
}

function stopAndRemove(child: RunningProcess, folder: string): () => Promise<void> {
  return async () => {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

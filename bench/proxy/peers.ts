/**
 * The proxies that are compared. Each runs in a separate process, on one core, in front of the same upstream, with
 * keep-alive on both sides; each must answer correctly before it is measured.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, waitForPort } from './ports.ts';
import { announced, isInstalled, type RunningProcess, startProcess } from './running-process.ts';

export interface RunningPeer {
  readonly name: string;
  readonly port: number;
  readonly process: RunningProcess;
  stop(): Promise<void>;
}

export interface Peer {
  readonly name: string;
  /** Why it cannot take part, or `undefined`. */
  missing(): string | undefined;
  start(upstreamPort: number, core: number | undefined): Promise<RunningPeer>;
}

/** A peer written in Node: a file of bench/proxy/peers, or a whole path. */
function nodePeer(name: string, file: string, parameters: readonly string[] = []): Peer {
  return {
    name,
    missing: () => undefined,
    start: async (upstreamPort, core) => {
      let port = 0;
      const program = resolve(import.meta.dirname, 'peers', file);
      const command = [process.execPath, program, `http://127.0.0.1:${upstreamPort}`, ...parameters];
      const child = await startProcess(core, command, async (started) => {
        ({ port } = await announced<{ port: number }>(started, 'port'));
      });
      return { name, port, process: child, stop: () => child.stop() };
    },
  };
}

function configuredPeer(
  name: string,
  program: string,
  command: (config: string, folder: string) => string[],
  config: (folder: string, port: number, upstreamPort: number) => string,
): Peer {
  return {
    name,
    missing: () => (isInstalled(program) ? undefined : `${program} is not installed`),
    start: async (upstreamPort, core) => {
      const folder = mkdtempSync(join(tmpdir(), 'ficus-bench-'));
      const port = await freePort();
      const file = join(folder, 'config');
      writeFileSync(file, config(folder, port, upstreamPort));
      const child = await startProcess(core, command(file, folder), () => waitForPort(port));
      const stop = async (): Promise<void> => {
        await child.stop();
        rmSync(folder, { recursive: true, force: true });
      };
      return { name, port, process: child, stop };
    },
  };
}

export const nginx: Peer = configuredPeer(
  'nginx',
  'nginx',
  (config, folder) => ['nginx', '-c', config, '-p', folder, '-e', '/dev/null'],
  (folder, port, upstreamPort) => `daemon off; worker_processes 1; pid ${folder}/pid; error_log /dev/null;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; client_max_body_size 0;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  upstream back { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      # Bodies are passed on unbuffered, as in ours: nginx would write the rest to files.
      proxy_request_buffering off; proxy_max_temp_file_size 0;
      proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`,
);

export const haproxy: Peer = configuredPeer(
  'haproxy',
  'haproxy',
  (config) => ['haproxy', '-db', '-f', config],
  (_folder, port, upstreamPort) => `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  server s 127.0.0.1:${upstreamPort}
`,
);

export const httpProxy: Peer = nodePeer('http-proxy', 'http-proxy.ts');
export const fastProxy: Peer = nodePeer('fast-proxy', 'fast-proxy.ts');
export const httpxy: Peer = nodePeer('httpxy', 'httpxy.ts');
export const fastifyHttpProxy: Peer = nodePeer('@fastify/http-proxy', 'fastify-http-proxy.ts');
export const forwarder: Peer = nodePeer('forwarder', 'forwarder.ts');

/** Ours, whole. @param options see peers/ours.ts */
export function ours(name = 'ours', options: Readonly<Record<string, unknown>> = {}): Peer {
  return nodePeer(name, 'ours.ts', [JSON.stringify(options)]);
}

/** Ours as it is in another checkout. */
export function before(checkout: string): Peer {
  return nodePeer('before', join(checkout, 'bench', 'proxy', 'peers', 'ours.ts'), ['{}']);
}

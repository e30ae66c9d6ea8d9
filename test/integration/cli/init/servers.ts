/** Real servers for `ficus init` to ask, which keep what they were asked. The tests end them with `endServers`. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { join } from 'node:path';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly host: string;
  readonly agent: string;
}

export interface Monolith {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly asked: Asked[];
}

const running = new Set<Server | TcpServer>();
const sockets = new Set<Socket>();

export async function endServers(): Promise<void> {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await Promise.all([...running].map((server) => once(server.close(), 'close')));
  running.clear();
}

async function listen(server: Server | TcpServer): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  running.add(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

function keeping(asked: Asked[], answer: RequestListener): RequestListener {
  return (request, response) => {
    const { method = '', url = '', headers } = request;
    asked.push({ method, url, host: headers.host ?? '', agent: headers['user-agent'] ?? '' });
    answer(request, response);
  };
}

export async function serve(answer: RequestListener): Promise<Monolith> {
  const asked: Asked[] = [];
  const port = await listen(createServer(keeping(asked, answer)));
  return { port, url: `http://127.0.0.1:${port}`, asked };
}

const CERTIFICATES = join(import.meta.dirname, '..', '..', 'forward', 'certificates');

/** With a certificate that no machine trusts. */
export async function serveTls(answer: RequestListener): Promise<Monolith> {
  const asked: Asked[] = [];
  const [key, cert] = ['server-key.pem', 'server.pem'].map((file) => readFileSync(join(CERTIFICATES, file)));
  const port = await listen(createTlsServer({ key, cert } as object, keeping(asked, answer)));
  return { port, url: `https://127.0.0.1:${port}`, asked };
}

/** Not HTTP. */
export async function serveTcp(talk: (socket: Socket) => void): Promise<number> {
  return listen(createTcpServer(talk));
}

type Page = (request: IncomingMessage, response: ServerResponse) => void;

export const html =
  (text: string, headers: Record<string, string | string[]> = {}, status = 200): Page =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(text);

export const json =
  (content: unknown, headers: Record<string, string | string[]> = {}, status = 200): Page =>
  (_, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(content));

export const redirect =
  (location: string, headers: Record<string, string | string[]> = {}, status = 302): Page =>
  (_, response) =>
    response.writeHead(status, { location, ...headers }).end();

const NOTHING = html('<title>Not found</title>', {}, 404);

/** By path, compared exactly. */
export function pages(byPath: Record<string, Page>): RequestListener {
  return (request, response) => (byPath[request.url?.split('?')[0] ?? ''] ?? NOTHING)(request, response);
}

/** As Express compares: in any case, with and without a slash at the end. */
export function loosePages(byPath: Record<string, Page>): RequestListener {
  return (request, response) => {
    const path =
      request.url
        ?.split('?')[0]
        ?.toLowerCase()
        .replace(/(?<=.)\/$/, '') ?? '';
    (byPath[path] ?? NOTHING)(request, response);
  };
}

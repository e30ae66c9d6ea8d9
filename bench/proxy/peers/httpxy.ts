import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'httpxy';
import { listenAndAnnounce, upstreamUrl } from './listen.ts';

const proxy = createProxyServer({
  target: upstreamUrl,
  agent: new Agent({ keepAlive: true, maxSockets: 256 }),
});
listenAndAnnounce(
  createServer((request, response) => {
    proxy.web(request, response).catch(() => response.end());
  }),
);

import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { listenAndAnnounce, upstreamUrl } from './listen.ts';

const proxy = httpProxy.createProxyServer({
  target: upstreamUrl,
  agent: new Agent({ keepAlive: true, maxSockets: 256 }),
});
proxy.on('error', (_error, _request, response) => response.end());
listenAndAnnounce(createServer((request, response) => proxy.web(request, response)));

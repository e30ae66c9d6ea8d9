import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { listenAndAnnounce, upstreamUrl } from './listen.ts';

type FastProxy = (options: object) => {
  proxy: (request: unknown, response: unknown, url: string | undefined, options: object) => void;
};
const fastProxy = createRequire(import.meta.url)('fast-proxy') as FastProxy;

const { proxy } = fastProxy({ base: upstreamUrl, keepAliveMsecs: 60_000, maxSockets: 256 });
listenAndAnnounce(createServer((request, response) => proxy(request, response, request.url, {})));

import fastifyHttpProxy from '@fastify/http-proxy';
import fastify from 'fastify';
import { announce, upstreamUrl } from './listen.ts';

const server = fastify({ keepAliveTimeout: 600_000 });
await server.register(fastifyHttpProxy, { upstream: upstreamUrl, undici: { connections: 256 } });
const address = await server.listen({ port: 0, host: '127.0.0.1' });
announce(Number(new URL(address).port));
process.once('SIGTERM', () => process.exit(0));

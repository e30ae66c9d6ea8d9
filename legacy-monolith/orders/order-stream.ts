/**
 * An order's state as it changes: server-sent events at /api/orders/:id/events, a WebSocket at /ws/orders/:id. Both
 * begin with the current state, so that a client that reconnects has missed nothing that matters.
 */
import websocket from '@fastify/websocket';
import type { Database } from '@ficus-sample/chassis/database.ts';
import { notFound } from '@ficus-sample/chassis/problem.ts';
import { idParams, problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { authenticate } from '../accounts/authenticate.ts';
import type { OrderEvent, OrderEvents } from './order-events.ts';
import { findOrder } from './orders.ts';

const KEEPALIVE_MS = 15_000;
/** How long a client may take to hear that we are closing. */
const CLOSE_MS = 2000;

interface Route {
  Params: { id: number };
}

export function orderStream(app: FastifyInstance, db: Database, events: OrderEvents): void {
  app.register(async (scope) => {
    const closers = new Set<() => void>();
    // Before the plugin's own hook, which would close WebSockets without a reason.
    scope.addHook('preClose', async () => {
      for (const close of closers) close();
    });
    await scope.register(websocket, { options: { maxPayload: 4096 } });
    authenticate(scope, db);

    /** Sends the current state and all later ones; returns the function that ends it. */
    const follow = (customerId: number, id: number, send: (event: OrderEvent) => void): (() => void) => {
      let last: OrderEvent | undefined;
      const sendNew = (event: OrderEvent) => {
        if (last && (event.state === last.state || event.at < last.at)) return;
        last = event;
        send(event);
      };
      const sendPresent = () => {
        presentState(db, customerId, id).then(sendNew, (error: unknown) =>
          app.log.warn({ err: error }, 'order not read'),
        );
      };
      // Watching begins before reading: a change in between arrives twice at worst, and is sent once.
      const stop = events.watch(id, { onEvent: sendNew, onGap: sendPresent });
      sendPresent();
      return stop;
    };

    scope.get<Route>(
      '/api/orders/:id/events',
      {
        exposeHeadRoute: false, // a HEAD would wait for the end of a stream that has none
        schema: {
          tags: ['orders'],
          summary: 'The order’s state as server-sent events',
          params: idParams,
          response: {
            200: {
              description: 'Events named state; data is {"id","state","at"}',
              content: { 'text/event-stream': { schema: { type: 'string' } } },
            },
            ...problemResponse(400, 401, 404),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        await presentState(db, request.customer.id, id);
        reply.hijack();
        const { raw } = reply;
        raw.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store',
          'x-request-id': request.id,
          'x-accel-buffering': 'no',
        });
        const keepalive = setInterval(() => raw.write(': still here\n\n'), KEEPALIVE_MS);
        const stop = follow(request.customer.id, id, (event) =>
          raw.write(`event: state\ndata: ${JSON.stringify(event)}\n\n`),
        );
        const close = () => {
          raw.end();
          setTimeout(() => raw.destroy(), CLOSE_MS).unref();
        };
        closers.add(close);
        raw.on('close', () => {
          clearInterval(keepalive);
          stop();
          closers.delete(close);
        });
      },
    );

    scope.get<Route>(
      '/ws/orders/:id',
      {
        websocket: true,
        schema: { hide: true, params: idParams },
        // Before the upgrade, so that a stranger gets a plain 404.
        preHandler: async (request) => {
          await presentState(db, request.customer.id, request.params.id);
        },
      },
      async (socket, request) => {
        const close = () => {
          socket.close(1001, 'the shop is closing');
          setTimeout(() => socket.terminate(), CLOSE_MS).unref();
        };
        const stop = follow(request.customer.id, request.params.id, (event) =>
          socket.send(JSON.stringify(event)),
        );
        closers.add(close);
        socket.on('close', () => {
          stop();
          closers.delete(close);
        });
      },
    );
  });
}

async function presentState(db: Database, customerId: number, id: number): Promise<OrderEvent> {
  const order = await findOrder(db, customerId, id);
  if (!order) throw notFound('order');
  return { id: order.id, state: order.state, at: order.stateChangedAt.toISOString() };
}

/** /api/orders: place, list, one, and what happens to it. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { notFound } from '@ficus-sample/chassis/problem.ts';
import { idParams, keysetProperties, problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { authenticate } from '../accounts/authenticate.ts';
import type { RequestRelay } from '../outbox/request-relay.ts';
import type { PaymentMethod } from '../payments/payments.ts';
import { changeOrderState } from './change-order-state.ts';
import { actionBody, actionParams, orderListSchema, orderSchema } from './order-schemas.ts';
import type { OrderAction } from './order-states.ts';
import { findOrder, listOrders, type Order } from './orders.ts';
import { placeOrder } from './place-order.ts';

export function ordersApi(app: FastifyInstance, db: Database, relay: RequestRelay): void {
  const orderOf = async (customerId: number, id: number): Promise<Order> => {
    const order = await findOrder(db, customerId, id);
    if (!order) throw notFound('order');
    return order;
  };

  app.register(async (scope) => {
    authenticate(scope, db);

    scope.get<{ Querystring: { limit: number; before?: number } }>(
      '/api/orders',
      {
        schema: {
          tags: ['orders'],
          summary: 'The customer’s orders, newest first',
          querystring: { type: 'object', properties: keysetProperties },
          response: { 200: orderListSchema, ...problemResponse(400, 401) },
        },
      },
      async (request) => {
        const items = await listOrders(db, request.customer.id, request.query);
        const next = items.length === request.query.limit ? (items.at(-1)?.id ?? null) : null;
        return { items, next };
      },
    );

    scope.post(
      '/api/orders',
      {
        schema: {
          tags: ['orders'],
          summary: 'Places an order over what is in the cart',
          response: { 201: orderSchema, ...problemResponse(401, 409) },
        },
      },
      async (request, reply) => {
        const id = await placeOrder(db, request.customer.id);
        await relay.hurry(request, request.customer.id);
        reply.code(201).header('location', `/api/orders/${id}`);
        return orderOf(request.customer.id, id);
      },
    );

    scope.get<{ Params: { id: number } }>(
      '/api/orders/:id',
      {
        schema: {
          tags: ['orders'],
          summary: 'One order',
          params: idParams,
          response: { 200: orderSchema, ...problemResponse(400, 401, 404) },
        },
      },
      (request) => orderOf(request.customer.id, request.params.id),
    );

    scope.post<{ Params: { id: number; action: OrderAction }; Body: { method?: PaymentMethod } | null }>(
      '/api/orders/:id/:action',
      {
        schema: {
          tags: ['orders'],
          summary:
            'Pays, ships, delivers or cancels the order (the sample lets its customer play the warehouse)',
          params: actionParams,
          body: actionBody,
          response: { 200: orderSchema, ...problemResponse(400, 401, 404, 409) },
        },
      },
      async (request) => {
        const { id, action } = request.params;
        const customerId = request.customer.id;
        await changeOrderState(db, {
          customerId,
          orderId: id,
          action,
          method: request.body?.method ?? 'card',
        });
        await relay.hurry(request, customerId);
        return orderOf(customerId, id);
      },
    );
  });
}

/** /orders and /orders/:id, with the buttons that advance an order; the state on the page updates by itself. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { notFound, Problem } from '@ficus-sample/chassis/problem.ts';
import type { FastifyInstance } from 'fastify';
import { changeOrderState } from '../orders/change-order-state.ts';
import { ORDER_ACTIONS, type OrderAction, possibleActions } from '../orders/order-states.ts';
import { findOrder, listOrders, type Order } from '../orders/orders.ts';
import { placeOrder } from '../orders/place-order.ts';
import type { RequestRelay } from '../outbox/request-relay.ts';
import { type Html, html } from './html.ts';
import { euros, moment } from './layout.ts';
import { requireVisitor, seeOther, sendPage } from './page-context.ts';
import { rowId } from './request-values.ts';

const PAGE_SIZE = 25;

export function orderPages(app: FastifyInstance, db: Database, relay: RequestRelay): void {
  app.get<{ Querystring: { before?: string } }>('/orders', async (request, reply) => {
    const { before } = request.query;
    const page = { limit: PAGE_SIZE, before: before ? rowId(before, 'page') : undefined };
    const orders = await listOrders(db, requireVisitor(request).id, page);
    const rows = orders.map(
      (order) => html`<tr>
        <td><a href="/orders/${order.id}">${order.id}</a></td>
        <td>${moment(order.placedAt)}</td>
        <td><span class="state state-${order.state}">${order.state}</span></td>
        <td class="number">${euros(order.total)}</td></tr>`,
    );
    return sendPage(
      request,
      reply,
      'Orders',
      html`<table><thead><tr><th>Order</th><th>Placed</th><th>State</th><th class="number">Total</th></tr></thead>
      <tbody>${rows}</tbody></table>
      ${orders.length === PAGE_SIZE && html`<p><a href="/orders?before=${orders.at(-1)?.id}">Older orders</a></p>`}`,
    );
  });

  app.post('/orders', async (request, reply) => {
    const customerId = requireVisitor(request).id;
    const id = await placeOrder(db, customerId);
    await relay.hurry(request, customerId);
    return seeOther(reply, `/orders/${id}`);
  });

  app.get<{ Params: { id: string } }>('/orders/:id', async (request, reply) => {
    const order = await findOrder(db, requireVisitor(request).id, rowId(request.params.id, 'order'));
    if (!order) throw notFound('order');
    return sendPage(request, reply, `Order ${order.id}`, orderDetails(order));
  });

  app.post<{ Params: { id: string; action: string } }>('/orders/:id/:action', async (request, reply) => {
    const action = ORDER_ACTIONS.find((known) => known === request.params.action);
    if (!action) throw new Problem(404, 'An order knows no such action.');
    const orderId = rowId(request.params.id, 'order');
    const customerId = requireVisitor(request).id;
    await changeOrderState(db, { customerId, orderId, action, method: 'card' });
    await relay.hurry(request, customerId);
    return seeOther(reply, `/orders/${orderId}`);
  });
}

function orderDetails(order: Order): Html {
  return html`
    <p class="row"><span id="state" class="state state-${order.state}">${order.state}</span>
      <span class="soft">since ${moment(order.stateChangedAt)}, placed ${moment(order.placedAt)}</span></p>
    <table><thead><tr><th>Product</th><th class="number">Quantity</th><th class="number">Price</th></tr></thead>
    <tbody>${order.lines.map(
      (line) => html`<tr><td><a href="/products/${line.productId}">${line.name}</a></td>
        <td class="number">${line.quantity}</td><td class="number">${euros(line.unitPrice)}</td></tr>`,
    )}</tbody></table>
    <p class="price">Total ${euros(order.total)}</p>
    <p class="soft">To ${addressLine(order)}.
      ${order.payment && `Payment by ${order.payment.method}: ${order.payment.state}.`}</p>
    <div class="row">${possibleActions(order.state).map((action) => actionButton(order.id, action))}</div>
    <script>
      new EventSource('/api/orders/${order.id}/events').addEventListener('state', (event) => {
        if (JSON.parse(event.data).state !== '${order.state}') location.reload();
      });
    </script>`;
}

function addressLine({ shippingAddress }: Order): string {
  const { street, zip, city } = shippingAddress as Partial<Record<string, string>>;
  return [street, [zip, city].filter(Boolean).join(' ')].filter(Boolean).join(', ');
}

function actionButton(orderId: number, action: OrderAction): Html {
  return html`<form method="post" action="/orders/${orderId}/${action}"><button class="${action === 'cancel' && 'quiet'}">${action}</button></form>`;
}

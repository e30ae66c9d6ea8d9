/**
 * Pay, ship, deliver, cancel: the order's row is locked, its payment changes with it, the trigger notifies the
 * customer.
 */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { notFound, Problem } from '@ficus-sample/chassis/problem.ts';
import { capturePayment, type PaymentMethod, refundPayment } from '../payments/payments.ts';
import { nextState, type OrderAction, type OrderState } from './order-states.ts';

const LOCK = 'SELECT state FROM orders WHERE id = $1 AND customer_id = $2 FOR UPDATE';
const SET_STATE =
  'UPDATE orders SET state = $2::order_state, state_changed_at = clock_timestamp() WHERE id = $1';

interface StateChange {
  readonly customerId: number;
  readonly orderId: number;
  readonly action: OrderAction;
  /** For `pay`. */
  readonly method: PaymentMethod;
}

/** Throws 404 for another customer's order and 409 when its state does not allow the action. */
export async function changeOrderState(db: Database, change: StateChange): Promise<void> {
  const { customerId, orderId, action, method } = change;
  await db.transaction(async (tx) => {
    const order = await tx.row<{ state: OrderState }>('orders.lock', LOCK, [orderId, customerId]);
    if (!order) throw notFound('order');
    const state = nextState(order.state, action);
    if (!state) throw new Problem(409, `An order that is ${order.state} does not allow: ${action}.`);
    if (action === 'pay') await capturePayment(tx, orderId, method);
    if (action === 'cancel') await refundPayment(tx, orderId);
    await tx.rows('orders.set-state', SET_STATE, [orderId, state]);
  });
}

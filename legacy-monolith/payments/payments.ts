/** Payments of the sample always succeed; the "provider" is a few lines here. */
import { randomUUID } from 'node:crypto';
import type { Statements } from '@ficus-sample/chassis/database.ts';

export const PAYMENT_METHODS = ['card', 'invoice', 'wallet'] as const;
export type PaymentMethod = (typeof PAYMENT_METHODS)[number];

const CAPTURE = `
  INSERT INTO payments (order_id, method, state, amount, provider_response)
  SELECT id, $2::payment_method, 'captured', total, $3 FROM orders WHERE id = $1`;

const REFUND = `UPDATE payments SET state = 'refunded' WHERE order_id = $1`;

export async function capturePayment(db: Statements, orderId: number, method: PaymentMethod): Promise<void> {
  const response = JSON.stringify({ reference: randomUUID(), risk: orderId % 100 });
  await db.rows('payments.capture', CAPTURE, [orderId, method, response]);
}

export async function refundPayment(db: Statements, orderId: number): Promise<void> {
  await db.rows('payments.refund', REFUND, [orderId]);
}

/** Orders as customers read them. */
import type { Statements } from '@ficus-sample/chassis/database.ts';
import type { OrderState } from './order-states.ts';

interface OrderSummary {
  readonly id: number;
  readonly state: OrderState;
  readonly total: string;
  readonly placedAt: Date;
  readonly stateChangedAt: Date;
}

interface OrderLine {
  readonly productId: number;
  readonly name: string;
  readonly quantity: number;
  readonly unitPrice: string;
}

export interface Order extends OrderSummary {
  readonly shippingAddress: Readonly<Record<string, unknown>>;
  readonly payment: { readonly method: string; readonly state: string } | null;
  readonly lines: readonly OrderLine[];
}

const SUMMARY = `
  SELECT id, state, total, placed_at AS "placedAt", state_changed_at AS "stateChangedAt"
  FROM orders
  WHERE customer_id = $1 AND ($2::bigint IS NULL OR id < $2)
  ORDER BY id DESC LIMIT $3`;

const ORDER = `
  SELECT orders.id, orders.state, orders.total, placed_at AS "placedAt", state_changed_at AS "stateChangedAt",
         shipping_address AS "shippingAddress", payments.method, payments.state AS "paymentState"
  FROM orders LEFT JOIN payments ON payments.order_id = orders.id
  WHERE orders.id = $1 AND orders.customer_id = $2`;

const LINES = `
  SELECT product_id AS "productId", products.name, quantity, unit_price AS "unitPrice"
  FROM order_items JOIN products ON products.id = product_id
  WHERE order_id = $1 ORDER BY line`;

export function listOrders(
  db: Statements,
  customerId: number,
  page: { readonly limit: number; readonly before?: number | undefined },
): Promise<OrderSummary[]> {
  return db.rows<OrderSummary>('orders.list', SUMMARY, [customerId, page.before ?? null, page.limit]);
}

export async function findOrder(db: Statements, customerId: number, id: number): Promise<Order | undefined> {
  type Row = Omit<Order, 'payment' | 'lines'> & { method: string | null; paymentState: string | null };
  const found = await db.row<Row>('orders.find', ORDER, [id, customerId]);
  if (!found) return undefined;
  const { method, paymentState, ...order } = found;
  return {
    ...order,
    payment: method && paymentState ? { method, state: paymentState } : null,
    lines: await db.rows<OrderLine>('orders.lines', LINES, [id]),
  };
}

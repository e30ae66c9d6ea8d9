/** A cart becomes an order: one transaction over carts, products, stock, orders and order items. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { Problem } from '@ficus-sample/chassis/problem.ts';

// Rows of stock are locked in the order of their key: two orders for the same products cannot deadlock.
const TAKE_CART = `
  SELECT cart_items.product_id, cart_items.quantity, products.name, products.price, stock.quantity AS in_stock
  FROM cart_items
  JOIN products ON products.id = cart_items.product_id
  JOIN stock ON stock.product_id = cart_items.product_id
  WHERE cart_items.customer_id = $1
  ORDER BY cart_items.product_id
  FOR UPDATE OF cart_items, stock`;

const INSERT_ORDER = `
  INSERT INTO orders (customer_id, total, shipping_address)
  SELECT id, (SELECT sum(quantity * price) FROM unnest($2::int[], $3::numeric[]) AS line (quantity, price)), address
  FROM customers WHERE id = $1
  RETURNING id`;

const INSERT_LINES = `
  INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
  SELECT $1, line, product_id, quantity, price
  FROM unnest($2::bigint[], $3::int[], $4::numeric[]) WITH ORDINALITY AS item (product_id, quantity, price, line)`;

const TAKE_STOCK = `
  UPDATE stock SET quantity = stock.quantity - taken.quantity, updated_at = now()
  FROM unnest($1::bigint[], $2::int[]) AS taken (product_id, quantity)
  WHERE stock.product_id = taken.product_id`;

const EMPTY_CART = 'DELETE FROM cart_items WHERE customer_id = $1';

interface CartRow {
  readonly product_id: number;
  readonly quantity: number;
  readonly name: string;
  readonly price: string;
  readonly in_stock: number;
}

/** Returns the new order's id. Throws 409 when the cart is empty or something is sold out. */
export function placeOrder(db: Database, customerId: number): Promise<number> {
  return db.transaction(async (tx) => {
    const items = await tx.rows<CartRow>('orders.take-cart', TAKE_CART, [customerId]);
    if (items.length === 0) throw new Problem(409, 'The cart is empty.');
    const short = items.find((item) => item.in_stock < item.quantity);
    if (short) throw new Problem(409, `Only ${short.in_stock} of "${short.name}" are left.`);

    const products = items.map((item) => item.product_id);
    const quantities = items.map((item) => item.quantity);
    const prices = items.map((item) => item.price);
    const order = await tx.row<{ id: number }>('orders.insert', INSERT_ORDER, [
      customerId,
      quantities,
      prices,
    ]);
    if (!order) throw new Problem(404, 'There is no such customer.');
    await tx.rows('orders.insert-lines', INSERT_LINES, [order.id, products, quantities, prices]);
    await tx.rows('stock.take', TAKE_STOCK, [products, quantities]);
    await tx.rows('cart.empty', EMPTY_CART, [customerId]);
    return order.id;
  });
}

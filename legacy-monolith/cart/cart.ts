/** A customer's cart: one row in carts, a row for each product in cart_items. */

import type { Database, Statements } from '@ficus-sample/chassis/database.ts';
import { notFound } from '@ficus-sample/chassis/problem.ts';

interface CartItem {
  readonly productId: number;
  readonly name: string;
  readonly quantity: number;
  readonly unitPrice: string;
  readonly amount: string;
}

export interface Cart {
  readonly items: readonly CartItem[];
  readonly total: string;
}

const ITEMS = `
  SELECT product_id AS "productId", products.name, cart_items.quantity, products.price AS "unitPrice",
         (cart_items.quantity * products.price)::text AS amount,
         sum(cart_items.quantity * products.price) OVER ()::text AS total
  FROM cart_items JOIN products ON products.id = product_id
  WHERE customer_id = $1
  ORDER BY product_id`;

const TOUCH = `
  INSERT INTO carts (customer_id) VALUES ($1) ON CONFLICT (customer_id) DO UPDATE SET updated_at = now()`;

const SET_ITEM = `
  INSERT INTO cart_items (customer_id, product_id, quantity)
  SELECT $1, id, $3 FROM products WHERE id = $2
  ON CONFLICT (customer_id, product_id) DO UPDATE SET quantity = EXCLUDED.quantity
  RETURNING product_id`;

const REMOVE_ITEM = 'DELETE FROM cart_items WHERE customer_id = $1 AND product_id = $2';

export async function readCart(db: Statements, customerId: number): Promise<Cart> {
  const rows = await db.rows<CartItem & { total: string }>('cart.items', ITEMS, [customerId]);
  return {
    items: rows.map(({ total: _total, ...item }) => item),
    total: rows[0]?.total ?? '0.00',
  };
}

/** Sets how many of a product are in the cart; 0 takes it out. */
export async function setCartItem(
  db: Database,
  customerId: number,
  productId: number,
  quantity: number,
): Promise<Cart> {
  return db.transaction(async (tx) => {
    await tx.rows('cart.touch', TOUCH, [customerId]);
    if (quantity === 0) await tx.rows('cart.remove', REMOVE_ITEM, [customerId, productId]);
    else if (!(await tx.row('cart.set', SET_ITEM, [customerId, productId, quantity])))
      throw notFound('product');
    return readCart(tx, customerId);
  });
}

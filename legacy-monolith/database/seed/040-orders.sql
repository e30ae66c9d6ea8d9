-- One to three lines an order; the lines first, because an order's total is their sum.
INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
SELECT n, line, product.id, (n + line) % 3 + 1, product.price
FROM generate_series(1, :orders) n
CROSS JOIN LATERAL generate_series(1, n % 3 + 1) line
JOIN products product ON product.id = (n * 13 + line * 101) % :products + 1;

INSERT INTO orders (id, customer_id, state, total, shipping_address, placed_at, state_changed_at)
SELECT
  n,
  customer.id,
  (CASE WHEN n % 29 = 0 THEN 'cancelled' WHEN n % 17 = 0 THEN 'placed' WHEN n % 11 = 0 THEN 'paid'
        WHEN n % 7 = 0 THEN 'shipped' ELSE 'delivered' END)::order_state,
  lines.total,
  customer.address,
  placed_at,
  placed_at + n % 96 * interval '1 hour'
FROM generate_series(1, :orders) n
CROSS JOIN LATERAL (SELECT timestamptz '2025-01-01 00:00:00+00' + n * interval '157 seconds 37 milliseconds' AS placed_at) t
JOIN customers customer ON customer.id = n::bigint * 7919 % :customers + 1
JOIN (SELECT order_id, sum(quantity * unit_price) AS total FROM order_items GROUP BY order_id) lines ON lines.order_id = n;

INSERT INTO payments (id, order_id, method, state, amount, provider_response, created_at)
SELECT
  id, id,
  (ARRAY['card', 'invoice', 'wallet'])[id % 3 + 1]::payment_method,
  (CASE WHEN state = 'cancelled' THEN 'refunded' ELSE 'captured' END)::payment_state,
  total,
  jsonb_build_object('reference', left(md5('payment' || id), 12), 'risk', id % 100),
  placed_at + interval '2 minutes'
FROM orders WHERE state <> 'placed';

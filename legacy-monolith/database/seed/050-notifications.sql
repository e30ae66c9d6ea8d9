-- Of five notifications in a row four are about two orders, twice each (placed; its current state), and the fifth is a
-- promotion, an account notice or a cart reminder. Ids grow with time, as they do in a real table.
-- One read row in eleven has no read_date: those are from before the shop kept one.
INSERT INTO notifications
  (id, customer_id, order_id, kind, channel, title, body, payload, tags, digest, attempts, is_read, read_date, created_at)
SELECT
  n, customer_id, order_id, kind::notification_kind, channel::notification_channel, title, body, payload, tags,
  sha256(convert_to(payload::text, 'UTF8')), 1 + n % 3,
  is_read, CASE WHEN is_read AND n % 11 <> 0 THEN created_at + (n % 72 + 1) * interval '1 hour 0.25 seconds' END,
  created_at
FROM (
  SELECT
    n, o.customer_id, o.id AS order_id,
    'order_' || told.state AS kind,
    (ARRAY['email', 'push', 'web', 'sms'])[n % 4 + 1] AS channel,
    'Order ' || o.id || ': ' || told.state AS title,
    'Your order ' || o.id || ' over ' || o.total || ' EUR is now ' || told.state || '.' AS body,
    jsonb_build_object('orderId', o.id, 'state', told.state, 'total', o.total::text) AS payload,
    ARRAY['order', told.state::text] AS tags,
    n % 3 <> 0 AS is_read,
    CASE WHEN nth % 2 = 0 THEN o.placed_at ELSE o.state_changed_at END + interval '1.123456 seconds' AS created_at
  FROM generate_series(1, :notifications) n
  CROSS JOIN LATERAL (SELECT n - n / 5 - 1 AS nth) counted
  JOIN orders o ON o.id = nth / 2 % :orders + 1
  CROSS JOIN LATERAL (SELECT CASE WHEN nth % 2 = 0 THEN 'placed' ELSE o.state END AS state) told
  WHERE n % 5 <> 0
  UNION ALL
  SELECT
    n, n::bigint / 5 * 7919 % :customers + 1, NULL,
    (ARRAY['promotion', 'account_notice', 'cart_reminder'])[n / 5 % 3 + 1],
    (ARRAY['email', 'web', 'push'])[n / 5 % 3 + 1],
    (ARRAY['A little less for a while', 'Your address was confirmed', 'Something is waiting in your cart'])[n / 5 % 3 + 1],
    (ARRAY['Planters and lamps are cheaper until Sunday.', 'Nothing to do: your address is confirmed.',
           'You left something in your cart. It is still there.'])[n / 5 % 3 + 1],
    (ARRAY[jsonb_build_object('code', upper(left(md5(n::text), 6)), 'percent', n % 4 * 5 + 5),
           jsonb_build_object('event', 'address_confirmed'),
           jsonb_build_object('items', n % 4 + 1)])[n / 5 % 3 + 1],
    (ARRAY['{promotion,seasonal}', '{account}', '{cart}'])[n / 5 % 3 + 1]::text[],
    n % 10 = 0,
    timestamptz '2025-01-01 00:00:00+00' + n * interval '62 seconds 807 milliseconds'
  FROM generate_series(5, :notifications, 5) n
  OFFSET 0  -- computes each payload once, not once for the column and once for its digest
) told;

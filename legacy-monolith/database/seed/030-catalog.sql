INSERT INTO categories (id, slug, name)
SELECT n, lower(name), name
FROM unnest(ARRAY['Teapots', 'Lamps', 'Chairs', 'Desks', 'Blankets', 'Knives', 'Notebooks', 'Bicycles', 'Radios', 'Planters'])
  WITH ORDINALITY AS category (name, n);

INSERT INTO products (id, category_id, sku, name, description, price, tags, attributes, created_at)
SELECT
  n,
  n % 10 + 1,
  'SKU-' || lpad(n::text, 6, '0'),
  (ARRAY['Plain', 'Folding', 'Nordic', 'Heavy', 'Quiet', 'Copper', 'Travel', 'Garden'])[n % 8 + 1] || ' '
    || (ARRAY['teapot', 'lamp', 'chair', 'desk', 'blanket', 'knife', 'notebook', 'bicycle', 'radio', 'planter'])[n % 10 + 1]
    || ' No. ' || n,
  'Made to be used every day and mended when it breaks. Batch ' || left(md5(n::text), 8) || '.',
  round((5 + n * 7919 % 19500 / 100.0)::numeric, 2),
  CASE WHEN n % 6 = 0 THEN ARRAY['new', 'gift'] WHEN n % 4 = 0 THEN ARRAY['sale'] ELSE '{}' END,
  jsonb_build_object('colour', (ARRAY['oak', 'slate', 'rust', 'fern'])[n % 4 + 1], 'weightGrams', 200 + n % 50 * 130),
  timestamptz '2024-03-01 00:00:00+00' + n * interval '3 hours 17 minutes'
FROM generate_series(1, :products) n;

INSERT INTO stock (product_id, quantity, updated_at)
SELECT n, 100000 + n % 500, timestamptz '2026-01-01 00:00:00+00' FROM generate_series(1, :products) n;

-- One customer in five left a cart behind: work for the reminder job.
INSERT INTO carts (customer_id, updated_at)
SELECT n, timestamptz '2026-01-01 00:00:00+00' - n * interval '1 minute'
FROM generate_series(5, :customers, 5) n;

INSERT INTO cart_items (customer_id, product_id, quantity)
SELECT n, (n * 31 + item * 7) % :products + 1, item
FROM generate_series(5, :customers, 5) n, generate_series(1, n % 3 + 1) item;

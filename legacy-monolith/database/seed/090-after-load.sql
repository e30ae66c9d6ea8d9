-- Foreign keys are checked once, over all rows; sequences continue behind the loaded ids.
ALTER TABLE orders ENABLE TRIGGER USER;

DO $$
DECLARE item record;
BEGIN
  FOR item IN SELECT statement FROM set_aside LOOP EXECUTE item.statement; END LOOP;
END
$$;

SELECT setval('customers_id_seq', :customers), setval('products_id_seq', :products), setval('categories_id_seq', 10),
       setval('orders_id_seq', :orders), setval('payments_id_seq', :orders), setval('notifications_id_seq', :notifications);

INSERT INTO seeded (scale) VALUES (:scale);

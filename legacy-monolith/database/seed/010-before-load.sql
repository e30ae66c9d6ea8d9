-- Foreign keys, secondary indexes and triggers are removed while rows are loaded in their final state;
-- 090-after-load.sql puts them back. All of a seed is one transaction: it is complete or absent.
SET LOCAL synchronous_commit = off;
SET LOCAL maintenance_work_mem = '256MB';
SET LOCAL work_mem = '64MB';

CREATE TEMP TABLE set_aside (statement text NOT NULL) ON COMMIT DROP;

INSERT INTO set_aside
SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY conname;

DO $$
DECLARE item record;
BEGIN
  FOR item IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', item.owner, item.conname); END LOOP;

  FOR item IN SELECT indexrelid::regclass AS name FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT indisunique
  LOOP EXECUTE format('DROP INDEX %s', item.name); END LOOP;
END
$$;

ALTER TABLE orders DISABLE TRIGGER USER;

TRUNCATE customers, sessions, categories, products, stock, carts, cart_items, orders, order_items, payments,
  notifications, notification_preferences, notification_requests, notification_requests_taken, seeded;

/** Every way in which a statement can write into a fenced table, for the matrix. */
export interface StatementKind {
  readonly name: string;
  readonly sql: string;
  /** PREPARE takes it. */
  readonly prepares?: true;
  /** Under session_replication_role = replica it does not reach the fenced tables: what leads there does not fire. */
  readonly stopsUnderReplica?: true;
  /** It catches the error itself, and so succeeds without having written. */
  readonly swallows?: true;
}

/** Of the slice: orders with its child, events with its partitions. The other tables lead there. */
export const KINDS_DDL = `
  CREATE TABLE customers (id int PRIMARY KEY);
  CREATE TABLE sellers (id int PRIMARY KEY);
  CREATE TABLE orders (id int PRIMARY KEY, note text,
    customer int REFERENCES customers ON DELETE CASCADE ON UPDATE CASCADE, seller int REFERENCES sellers ON DELETE SET NULL);
  CREATE TABLE orders_2024 () INHERITS (orders);
  CREATE TABLE events (id int, at int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (10);
  CREATE TABLE events_high PARTITION OF events FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (at);
  CREATE TABLE events_high_1 PARTITION OF events_high FOR VALUES FROM (10) TO (15);
  CREATE TABLE outside (id int);
  CREATE TABLE deferred (id int);
  CREATE TABLE ruled (id int);
  CREATE VIEW v_orders AS SELECT id, note FROM orders;
  CREATE VIEW v_instead AS SELECT id FROM orders;
  CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO orders (id) VALUES (NEW.id); RETURN NEW; END $$;
  CREATE TRIGGER put AFTER INSERT ON outside FOR EACH ROW EXECUTE FUNCTION put();
  CREATE CONSTRAINT TRIGGER put AFTER INSERT ON deferred DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION put();
  CREATE TRIGGER put INSTEAD OF INSERT ON v_instead FOR EACH ROW EXECUTE FUNCTION put();
  CREATE RULE put AS ON INSERT TO ruled DO ALSO INSERT INTO orders (id) VALUES (NEW.id);
  CREATE FUNCTION place(int) RETURNS void LANGUAGE sql AS 'INSERT INTO orders (id) VALUES ($1)';
  CREATE PROCEDURE place_many() LANGUAGE plpgsql AS $$ BEGIN FOR n IN 90..92 LOOP INSERT INTO orders (id) VALUES (n); END LOOP; END $$;
  INSERT INTO customers VALUES (1), (2); INSERT INTO sellers VALUES (1);
  INSERT INTO orders VALUES (1, 'a', 1, 1), (2, 'b', 2, NULL); INSERT INTO orders_2024 VALUES (3, 'c', 1, NULL);
  INSERT INTO events VALUES (1, 1), (2, 11);`;

export const FENCED = ['public.orders', 'public.events'];

export const STATEMENT_KINDS: readonly StatementKind[] = [
  { name: 'INSERT', sql: 'INSERT INTO orders (id) VALUES (50)', prepares: true },
  {
    name: 'INSERT … SELECT',
    sql: 'INSERT INTO orders (id) SELECT n FROM generate_series(60, 70) AS n',
    prepares: true,
  },
  { name: 'INSERT of no row', sql: 'INSERT INTO orders (id) SELECT 1 WHERE false', prepares: true },
  { name: 'INSERT … RETURNING', sql: 'INSERT INTO orders (id) VALUES (51) RETURNING id', prepares: true },
  { name: 'UPDATE', sql: `UPDATE orders SET note = 'x'`, prepares: true },
  { name: 'UPDATE of no row', sql: 'UPDATE orders SET note = NULL WHERE id = 0', prepares: true },
  {
    name: 'UPDATE … FROM',
    sql: 'UPDATE orders SET note = NULL FROM customers WHERE customers.id = customer',
    prepares: true,
  },
  { name: 'DELETE', sql: 'DELETE FROM orders', prepares: true },
  {
    name: 'DELETE … USING',
    sql: 'DELETE FROM orders USING customers WHERE customers.id = customer',
    prepares: true,
  },
  {
    name: 'ON CONFLICT DO NOTHING',
    sql: 'INSERT INTO orders (id) VALUES (1) ON CONFLICT DO NOTHING',
    prepares: true,
  },
  {
    name: 'ON CONFLICT DO UPDATE',
    sql: `INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'x'`,
    prepares: true,
  },
  {
    name: 'MERGE that inserts',
    sql: 'MERGE INTO orders USING (SELECT 80 AS n) AS s ON id = n WHEN NOT MATCHED THEN INSERT (id) VALUES (n)',
    prepares: true,
  },
  {
    name: 'MERGE that updates',
    sql: `MERGE INTO orders USING (SELECT 1 AS n) AS s ON id = n WHEN MATCHED THEN UPDATE SET note = 'x'`,
    prepares: true,
  },
  {
    name: 'MERGE that deletes',
    sql: 'MERGE INTO orders USING (SELECT 1 AS n) AS s ON id = n WHEN MATCHED THEN DELETE',
    prepares: true,
  },
  { name: 'COPY FROM', sql: 'COPY orders (id) FROM STDIN' },
  { name: 'TRUNCATE', sql: 'TRUNCATE orders' },
  { name: 'TRUNCATE … CASCADE from outside', sql: 'TRUNCATE customers CASCADE' },
  {
    name: 'WITH that deletes',
    sql: 'WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone',
    prepares: true,
  },
  { name: 'INSERT into a view', sql: 'INSERT INTO v_orders VALUES (52)', prepares: true },
  { name: 'UPDATE of a view', sql: `UPDATE v_orders SET note = 'x'`, prepares: true },
  {
    name: 'INSTEAD OF trigger of a view',
    sql: 'INSERT INTO v_instead VALUES (53)',
    prepares: true,
    stopsUnderReplica: true,
  },
  {
    name: 'rule of another table',
    sql: 'INSERT INTO ruled VALUES (54)',
    prepares: true,
    stopsUnderReplica: true,
  },
  {
    name: 'foreign key ON DELETE CASCADE',
    sql: 'DELETE FROM customers WHERE id = 1',
    prepares: true,
    stopsUnderReplica: true,
  },
  {
    name: 'foreign key ON UPDATE CASCADE',
    sql: 'UPDATE customers SET id = 9 WHERE id = 1',
    prepares: true,
    stopsUnderReplica: true,
  },
  {
    name: 'foreign key ON DELETE SET NULL',
    sql: 'DELETE FROM sellers',
    prepares: true,
    stopsUnderReplica: true,
  },
  { name: 'partitioned table', sql: 'INSERT INTO events VALUES (3, 3)', prepares: true },
  { name: 'partition in the middle', sql: 'UPDATE events_high SET id = 5', prepares: true },
  { name: 'leaf partition', sql: 'INSERT INTO events_high_1 VALUES (4, 12)', prepares: true },
  {
    name: 'row that moves to another partition',
    sql: 'UPDATE events SET at = 12 WHERE id = 1',
    prepares: true,
  },
  { name: 'TRUNCATE of a leaf', sql: 'TRUNCATE events_low' },
  { name: 'inheriting table', sql: 'INSERT INTO orders_2024 (id) VALUES (55)', prepares: true },
  {
    name: 'trigger of another table',
    sql: 'INSERT INTO outside VALUES (56)',
    prepares: true,
    stopsUnderReplica: true,
  },
  {
    name: 'deferred trigger of another table',
    sql: 'INSERT INTO deferred VALUES (57); SET CONSTRAINTS ALL IMMEDIATE',
    stopsUnderReplica: true,
  },
  { name: 'function', sql: 'SELECT place(58)', prepares: true },
  { name: 'procedure', sql: 'CALL place_many()' },
  { name: 'DO', sql: 'DO $$ BEGIN DELETE FROM orders; END $$' },
  {
    name: 'DO that swallows the error',
    sql: 'DO $$ BEGIN DELETE FROM orders; EXCEPTION WHEN OTHERS THEN NULL; END $$',
    swallows: true,
  },
  { name: 'EXECUTE', sql: `DO $$ BEGIN EXECUTE 'DELETE FROM orders'; END $$` },
  { name: 'several statements in one message', sql: 'SELECT 1; DELETE FROM orders; SELECT 1' },
];

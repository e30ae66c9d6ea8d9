-- Orders and jobs no longer write notifications: they ask for them, in their own transaction, and a relay posts the
-- requests to the API of notifications, wherever that is. So the tables of notifications may move to another database.

CREATE TABLE notification_requests (
  id          bigserial PRIMARY KEY,
  customer_id bigint NOT NULL,
  order_id    bigint,
  kind        notification_kind NOT NULL,
  title       text NOT NULL,
  body        text NOT NULL,
  payload     jsonb NOT NULL,
  tags        text[] NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_at      timestamptz NOT NULL DEFAULT clock_timestamp()  -- the relay leaves it alone until then
);

-- Requests that have been carried out: one that arrives again makes no second notification. It moves together with
-- notifications, so that this holds across a change of their database. A key of its own, and no unique column of
-- notifications: rows with a second unique key would have to be replicated one by one.
CREATE TABLE notification_requests_taken (
  request_id bigint PRIMARY KEY,
  taken_at   timestamptz NOT NULL DEFAULT now()
);

-- What another database is to own depends on no other table here: deleting a customer would write to it.
ALTER TABLE notifications DROP CONSTRAINT notifications_customer_id_fkey, DROP CONSTRAINT notifications_order_id_fkey;
ALTER TABLE notification_preferences DROP CONSTRAINT notification_preferences_customer_id_fkey;

-- One way to say that a notification counts as read since it was written, so that a service, which has one moment for both
-- columns, can say where a row came from.
UPDATE notifications SET read_date = NULL WHERE read_date = created_at;

-- Whether the customer wants it, and on which channel, is decided by the API that takes the request.
CREATE OR REPLACE FUNCTION announce_order_state() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('order_state',
    json_build_object('id', NEW.id, 'state', NEW.state, 'at', NEW.state_changed_at)::text);
  INSERT INTO notification_requests (customer_id, order_id, kind, title, body, payload, tags, due_at)
  VALUES (
    NEW.customer_id, NEW.id, ('order_' || NEW.state)::notification_kind,
    format('Order %s: %s', NEW.id, NEW.state),
    format('Your order %s over %s EUR is now %s.', NEW.id, NEW.total, NEW.state),
    jsonb_build_object('orderId', NEW.id, 'state', NEW.state, 'total', NEW.total::text),
    ARRAY['order', NEW.state::text],
    -- The request of the customer that changed the order posts it by itself, at once.
    clock_timestamp() + interval '2 seconds');
  RETURN NULL;
END
$$;

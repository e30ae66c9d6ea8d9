-- When an order changes state, its customer is notified: a row in notifications, on the customer's best channel,
-- unless that kind is muted. Listeners (server-sent events, WebSocket) hear it through NOTIFY order_state.

CREATE FUNCTION preferred_channel(customer bigint) RETURNS notification_channel
LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT CASE
       WHEN push_enabled THEN 'push'
       WHEN email_enabled THEN 'email'
       WHEN sms_enabled THEN 'sms'
     END::notification_channel
     FROM notification_preferences WHERE customer_id = customer),
    'web')
$$;

CREATE FUNCTION is_muted(customer bigint, kind notification_kind) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM notification_preferences WHERE customer_id = customer AND kind::text = ANY (muted_kinds))
$$;

CREATE FUNCTION announce_order_state() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  announced notification_kind := ('order_' || NEW.state)::notification_kind;
  details jsonb := jsonb_build_object('orderId', NEW.id, 'state', NEW.state, 'total', NEW.total::text);
BEGIN
  PERFORM pg_notify('order_state',
    json_build_object('id', NEW.id, 'state', NEW.state, 'at', NEW.state_changed_at)::text);
  IF NOT is_muted(NEW.customer_id, announced) THEN
    INSERT INTO notifications (customer_id, order_id, kind, channel, title, body, payload, tags, digest)
    VALUES (
      NEW.customer_id, NEW.id, announced, preferred_channel(NEW.customer_id),
      format('Order %s: %s', NEW.id, NEW.state),
      format('Your order %s over %s EUR is now %s.', NEW.id, NEW.total, NEW.state),
      details, ARRAY['order', NEW.state::text], sha256(convert_to(details::text, 'UTF8')));
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER orders_announce_placed AFTER INSERT ON orders
  FOR EACH ROW EXECUTE FUNCTION announce_order_state();
CREATE TRIGGER orders_announce_state AFTER UPDATE OF state ON orders
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION announce_order_state();

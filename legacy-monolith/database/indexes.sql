-- Secondary indexes; each statement may be run again. A seed drops them, loads, and comes back here.
CREATE INDEX IF NOT EXISTS sessions_customer ON sessions (customer_id);
CREATE INDEX IF NOT EXISTS products_category ON products (category_id, id);
CREATE INDEX IF NOT EXISTS carts_idle ON carts (reminded_at NULLS FIRST, updated_at);
CREATE INDEX IF NOT EXISTS orders_customer ON orders (customer_id, id DESC);
CREATE INDEX IF NOT EXISTS notifications_customer ON notifications (customer_id, id DESC);
CREATE INDEX IF NOT EXISTS notifications_unread ON notifications (customer_id) WHERE NOT is_read;
CREATE INDEX IF NOT EXISTS notifications_order ON notifications (order_id);
CREATE INDEX IF NOT EXISTS notification_requests_customer ON notification_requests (customer_id, id);

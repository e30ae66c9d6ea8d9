-- The shop's one schema. Everything lives together and everything may join everything: a typical monolith.
-- Secondary indexes are in indexes.sql, so that a seed can load first and index afterwards.

CREATE TYPE order_state AS ENUM ('placed', 'paid', 'shipped', 'delivered', 'cancelled');
CREATE TYPE payment_method AS ENUM ('card', 'invoice', 'wallet');
CREATE TYPE payment_state AS ENUM ('authorized', 'captured', 'refunded');
CREATE TYPE notification_channel AS ENUM ('email', 'sms', 'push', 'web');
CREATE TYPE notification_kind AS ENUM (
  'order_placed', 'order_paid', 'order_shipped', 'order_delivered', 'order_cancelled',
  'cart_reminder', 'promotion', 'account_notice'
);

CREATE TABLE customers (
  id              bigserial PRIMARY KEY,
  email           text NOT NULL UNIQUE,
  name            text NOT NULL,
  password_digest bytea NOT NULL,               -- see accounts/passwords.ts: a sample's digest, not a real one
  address         jsonb NOT NULL,
  labels          text[] NOT NULL DEFAULT '{}',
  created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sessions (
  id          text PRIMARY KEY,                 -- the cookie `sid`
  customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL
);

CREATE TABLE categories (
  id   bigserial PRIMARY KEY,
  slug text NOT NULL UNIQUE,
  name text NOT NULL
);

CREATE TABLE products (
  id          bigserial PRIMARY KEY,
  category_id bigint NOT NULL REFERENCES categories,
  sku         text NOT NULL UNIQUE,
  name        text NOT NULL,
  description text NOT NULL,
  price       numeric(10, 2) NOT NULL CHECK (price >= 0),
  tags        text[] NOT NULL DEFAULT '{}',
  attributes  jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE stock (
  product_id bigint PRIMARY KEY REFERENCES products,
  quantity   integer NOT NULL CHECK (quantity >= 0),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE carts (
  customer_id bigint PRIMARY KEY REFERENCES customers ON DELETE CASCADE,
  updated_at  timestamptz NOT NULL DEFAULT now(),
  reminded_at timestamptz                       -- the last time the reminder job wrote about it
);

CREATE TABLE cart_items (
  customer_id bigint NOT NULL REFERENCES carts ON DELETE CASCADE,
  product_id  bigint NOT NULL REFERENCES products,
  quantity    integer NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (customer_id, product_id)
);

CREATE TABLE orders (
  id               bigserial PRIMARY KEY,
  customer_id      bigint NOT NULL REFERENCES customers,
  state            order_state NOT NULL DEFAULT 'placed',
  total            numeric(12, 2) NOT NULL,
  shipping_address jsonb NOT NULL,
  placed_at        timestamptz NOT NULL DEFAULT now(),
  state_changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE order_items (
  order_id   bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
  line       integer NOT NULL,
  product_id bigint NOT NULL REFERENCES products,
  quantity   integer NOT NULL CHECK (quantity > 0),
  unit_price numeric(10, 2) NOT NULL,
  PRIMARY KEY (order_id, line)
);

CREATE TABLE payments (
  id                bigserial PRIMARY KEY,
  order_id          bigint NOT NULL UNIQUE REFERENCES orders ON DELETE CASCADE,
  method            payment_method NOT NULL,
  state             payment_state NOT NULL,
  amount            numeric(12, 2) NOT NULL,
  provider_response jsonb NOT NULL DEFAULT '{}',
  created_at        timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE notification_preferences (
  customer_id   bigint PRIMARY KEY REFERENCES customers ON DELETE CASCADE,
  email_enabled boolean NOT NULL DEFAULT true,
  sms_enabled   boolean NOT NULL DEFAULT false,
  push_enabled  boolean NOT NULL DEFAULT true,
  web_enabled   boolean NOT NULL DEFAULT true,
  muted_kinds   text[] NOT NULL DEFAULT '{}',
  quiet_from    time,
  quiet_to      time,
  updated_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE notifications (
  id          bigserial PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
  order_id    bigint REFERENCES orders ON DELETE CASCADE,
  kind        notification_kind NOT NULL,
  channel     notification_channel NOT NULL,
  title       text NOT NULL,
  body        text NOT NULL,
  payload     jsonb NOT NULL DEFAULT '{}',
  tags        text[] NOT NULL DEFAULT '{}',
  digest      bytea NOT NULL,                   -- SHA-256 of the payload, for the mail gateway's deduplication
  attempts    integer NOT NULL DEFAULT 0,       -- deliveries tried: business of the gateway, of no reader
  is_read     boolean NOT NULL DEFAULT false,
  read_date   timestamptz,                      -- came later than is_read: old rows are read and have no date
  created_at  timestamptz NOT NULL DEFAULT now()
);

-- The seed of the shop, so that a second start does not seed again.
CREATE TABLE seeded (
  scale       numeric NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT now()
);

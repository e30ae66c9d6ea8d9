/**
 * The words of the API's first version, which came from the monolith, and the service's own words behind them.
 * Translated only here; a second version of the API would show the service's own words.
 */

export const CHANNELS = ['email', 'sms', 'push', 'web'] as const;
export type Channel = (typeof CHANNELS)[number];

export const KINDS = [
  'order_placed',
  'order_paid',
  'order_shipped',
  'order_delivered',
  'order_cancelled',
  'cart_reminder',
  'promotion',
  'account_notice',
] as const;

/** Channel of the database → channel of the API. */
export function toChannel(delivery: string): string {
  return delivery === 'inbox' ? 'web' : delivery;
}

/** Channel of the API → channel of the database. */
export function toDelivery(channel: Channel): string {
  return channel === 'web' ? 'inbox' : channel;
}

/** `order.shipped` → `order_shipped`. */
export function toKind(topic: string): string {
  return topic.replace('.', '_');
}

/** `order_shipped` → `order.shipped`. */
export function toTopic(kind: string): string {
  return kind.replace('_', '.');
}

/** `order/123` → 123; null for references that are not about an order. */
export function toOrderId(reference: string | null): number | null {
  return reference?.startsWith('order/') ? Number(reference.slice('order/'.length)) : null;
}

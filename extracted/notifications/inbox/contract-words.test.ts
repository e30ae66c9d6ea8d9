import { expect, it } from 'vitest';
import { CHANNELS, KINDS, toChannel, toDelivery, toKind, toOrderId, toTopic } from './contract-words.ts';

it('translates there and back without loss', () => {
  for (const channel of CHANNELS) expect(toChannel(toDelivery(channel))).toBe(channel);
  for (const kind of KINDS) expect(toKind(toTopic(kind))).toBe(kind);
});

it('has words of its own', () => {
  expect(toDelivery('web')).toBe('inbox');
  expect(toTopic('order_shipped')).toBe('order.shipped');
  expect(toTopic('promotion')).toBe('promotion');
});

it('reads an order from a reference', () => {
  expect(toOrderId('order/123')).toBe(123);
  expect(toOrderId('parcel/123')).toBeNull();
  expect(toOrderId(null)).toBeNull();
});

import { expect, it } from 'vitest';
import { presentNotification } from './notifications.ts';
import { presentWithPlantedBug } from './planted-bug.ts';

const row = {
  id: 1,
  topic: 'order.shipped',
  channel: 'inbox',
  subject: 'Order 5',
  body: 'On its way.',
  payload: { orderId: 5, total: '49.90' },
  tags: ['order'],
  reference: 'order/5',
  digest: Buffer.from('00ff', 'hex'),
  read_at: null,
  created_at: new Date('2026-01-02T03:04:05.678Z'),
};

it('is shown in the contract’s words', () => {
  expect(presentNotification(row)).toEqual({
    id: 1,
    kind: 'order_shipped',
    channel: 'web',
    title: 'Order 5',
    body: 'On its way.',
    payload: { orderId: 5, total: '49.90' },
    tags: ['order'],
    orderId: 5,
    digest: '00ff',
    read: false,
    readAt: null,
    createdAt: '2026-01-02T03:04:05.678Z',
  });
});

it('with the fault planted, loses the last digit of a total and nothing else', () => {
  const right = presentNotification(row);
  expect(presentWithPlantedBug(row)).toEqual({ ...right, payload: { orderId: 5, total: 49.9 } });
  const untouched = { ...row, payload: { items: 3 } };
  expect(presentWithPlantedBug(untouched)).toEqual(presentNotification(untouched));
});

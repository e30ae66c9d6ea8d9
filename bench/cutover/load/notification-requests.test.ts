import { describe, expect, test } from 'vitest';
import type { ShopResponse } from '../../../sample/load/shop-client.ts';
import { acknowledgedBy, planInsert, planMark, planRead, shows } from './notification-requests.ts';

const user = { customer: 7, cookie: 'sid=7' };
const answer = (status: number, body: unknown) => ({ status, body }) as ShopResponse;
const mark = acknowledgedBy(answer(200, { id: 41 }), planMark(user, 41).key)!;
const insert = acknowledgedBy(answer(201, { id: 42 }), planInsert(user, 1).key)!;

test('a write is acknowledged by its status and its id, by nothing else', () => {
  expect(mark).toEqual({ notification: 41, key: 'mark 41' });
  expect(acknowledgedBy(answer(503, { id: 41 }), 'mark 41')).toBeUndefined();
  expect(acknowledgedBy(answer(200, ''), 'mark 41')).toBeUndefined();
});

test('a user reads their own write by its id, or their list before they wrote', () => {
  expect(planRead(user, mark)).toMatchObject({ path: '/api/notifications/41', cookie: 'sid=7' });
  expect(planRead(user, undefined)).toMatchObject({ path: '/api/notifications?limit=20' });
});

describe('an answer shows', () => {
  test.each([
    ['a mark', answer(200, { id: 41, read: true, title: '' }), mark, true],
    ['no mark while it is unread', answer(200, { id: 41, read: false, title: '' }), mark, false],
    ['an insert', answer(200, { id: 42, read: false, title: insert.key }), insert, true],
    [
      'no insert that another row has replaced',
      answer(200, { id: 42, read: false, title: 'other' }),
      insert,
      false,
    ],
    ['nothing that is not there', answer(404, {}), insert, false],
  ])('%s', (_, response, own, shown) => {
    expect(shows(response, own)).toBe(shown);
  });
});

import { FicusError } from '@ficus/core';
import { expect, test } from 'vitest';
import { classifyFailure, RestartSession, StreamTakenError } from './classify-failure.ts';

const refused = (code: string) => Object.assign(new Error('said'), { code });

test.each([
  ['a refused connection', refused('ECONNREFUSED'), 'reconnect', 'FICUS_DATABASE_UNREACHABLE'],
  ['a broken connection', new Error('Connection terminated'), 'reconnect', 'FICUS_DATABASE_UNREACHABLE'],
  ['a server that shuts down', refused('57P01'), 'reconnect', 'FICUS_DATABASE_UNREACHABLE'],
  ['a query that took too long', new Error('Query read timeout'), 'reconnect', 'FICUS_CDC_INTERRUPTED'],
  ['a deadlock', refused('40P01'), 'reconnect', 'FICUS_CDC_INTERRUPTED'],
  ['a full disk', refused('53100'), 'reconnect', 'FICUS_CDC_INTERRUPTED'],
  ['a lock that was not available in time', refused('55P03'), 'reconnect', 'FICUS_CDC_INTERRUPTED'],
  ['a missing privilege', refused('42501'), 'stop', 'FICUS_CDC_PRIVILEGE'],
  ['a session that may only read', refused('25006'), 'stop', 'FICUS_CDC_READ_ONLY'],
  ['a table that is gone', refused('42P01'), 'stop', 'FICUS_CDC_STATEMENT_REFUSED'],
  ['a checkpoint that moved', refused('FC001'), 'stop', 'FICUS_CDC_FENCED'],
  ['a fault of ours', new TypeError('x is not a function'), 'stop', 'FICUS_INTERNAL'],
  ['an error of the catalogue', new FicusError('FICUS_CDC_SLOT_LOST', 'gone'), 'stop', 'FICUS_CDC_SLOT_LOST'],
])('%s', (_, error, kind, code) => {
  expect(classifyFailure(error)).toMatchObject({ kind, problem: { code } });
});

test('a stopped stream is retried, unless the catalogue says that a retry never helps', () => {
  const behind = new FicusError('FICUS_CDC_EPOCH_BEHIND', 'epoch 2 there, 1 here');
  expect(classifyFailure(behind)).toMatchObject({ kind: 'stop', retried: false });
  expect(classifyFailure(refused('FC001'))).toMatchObject({ kind: 'stop', retried: true });
  expect(classifyFailure(new FicusError('FICUS_CDC_SLOT_LOST', 'gone'))).toMatchObject({ retried: true });
});

test('a stream held by another process means standby; a restart is no failure', () => {
  expect(classifyFailure(new StreamTakenError())).toEqual({ kind: 'standby' });
  expect(classifyFailure(refused('55006'))).toEqual({ kind: 'standby' });
  expect(classifyFailure(new RestartSession('altered'))).toEqual({ kind: 'restart' });
});

import { FicusError } from '@ficus/core';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import { answerWithProblems } from './problem-replies.ts';

test('a refusal about one slice names it in what to do', async () => {
  const app = fastify();
  answerWithProblems(app);
  const refuse = () => {
    throw new FicusError('FICUS_CUTOVER_BUSY', 'It was left half made: ficus cutover SLICE --resume.');
  };
  app.get('/api/v1/slices/:name/cutover', refuse);
  app.get('/api/v1/slices', refuse);
  const one = (await app.inject('/api/v1/slices/notes/cutover')).json();
  expect(one.detail).toBe('It was left half made: ficus cutover notes --resume.');
  expect(one.remedy).toContain('`ficus status notes`');
  const foreign = (await app.inject('/api/v1/slices/notes;id/cutover')).json();
  expect(foreign.remedy).toContain('`ficus status SLICE`');
  expect((await app.inject('/api/v1/slices')).json().remedy).toContain('`ficus status SLICE`');
  await app.close();
});

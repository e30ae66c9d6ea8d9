import { expect, test } from 'vitest';
import { parseConfig } from './parse-config.ts';

const problemsOf = (writer: unknown, over: object = {}) => {
  const parsed = parseConfig(
    {
      version: 1,
      control: { database: 'postgres://l/ficus' },
      legacy: { url: 'http://legacy', database: 'postgres://l/shop' },
      slices: {
        notes: {
          candidate: { url: 'http://candidate', database: 'postgres://c/notes' },
          routes: [{ id: 'list', path: '/notes' }],
          tables: [{ from: 'notes', to: 'notes' }],
          writers: [writer],
          ...over,
        },
      },
    },
    {},
  );
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
};
const reason = 'nightly import';

test.each([
  { application: 'puma*', via: 'proxy', reason },
  { user: 'importer', via: 'other', reason },
  { address: '10.1.0.0/16', via: 'other', reason },
  { address: 'fd00::/8', application: 'cron', user: 'cron', via: 'other', reason },
])('%o is a writer', (writer) => {
  expect(problemsOf(writer)).toEqual([]);
});

test.each([
  [{ via: 'other', reason }, 'slices.notes.writers.0: must name at least one of application, user, address'],
  [{ application: '*', via: 'other', reason }, 'writers.0.application: must be a name, which may end in *'],
  [{ application: 'a*b', via: 'other', reason }, 'writers.0.application: must be a name, which may end in *'],
  [{ address: '0.0.0.0/0', via: 'other', reason }, 'writers.0.address: names nearly every machine'],
  [
    { address: 'db.internal', via: 'other', reason },
    'slices.notes.writers.0.address: must be an address or a CIDR',
  ],
  [{ user: 'a', via: 'cron', reason }, 'slices.notes.writers.0.via: must be one of proxy, other'],
  [{ user: 'a', reason }, 'slices.notes.writers.0.via: must be one of proxy, other'],
  [{ user: 'a', via: 'other' }, 'slices.notes.writers.0.reason: is required'],
  [{ user: 'a', via: 'other', reason: '' }, 'slices.notes.writers.0.reason: must not be empty'],
  [{ user: 'a', via: 'other', reason, name: 'x' }, 'slices.notes.writers.0.name: is not a known key'],
])('%o is refused: %s', (writer, problem) => {
  expect(problemsOf(writer)).toEqual([expect.stringContaining(problem)]);
});

test('writers of a slice without tables are refused: there is nothing to write', () => {
  expect(problemsOf({ user: 'a', via: 'other', reason }, { tables: [] })).toEqual([
    'slices.notes.writers: needs tables: without them there is nothing whose writers could be known',
  ]);
});

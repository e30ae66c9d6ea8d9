/** What a URL can carry, in every parameter of every operation: none makes the control plane fail, and the answer names it. */
import { type Control, startControl } from '@ficus/control';
import { LINK_PATHS } from '@ficus/core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: 'path' | 'query' }[];
}
interface Described extends Operation {
  readonly method: string;
  readonly path: string;
}

let database: TestDatabase;
let control: Control;
let operations: readonly Described[];
beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await startControl({
    config: testConfig(database.url),
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
  });
  const { paths } = (await (await fetch(`${control.address}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );
});
afterAll(async () => {
  await control.stop();
  await database.drop();
});

/** Each is one parameter, as it stands in a URL. */
const ODD: readonly (readonly [what: string, write: (name: string) => string])[] = [
  ['NUL', (name) => `${name}=%00`],
  ['NUL inside', (name) => `${name}=notes%00`],
  ['half of a surrogate pair', (name) => `${name}=%ED%A0%80`],
  ['an escape that is none', (name) => `${name}=%zz`],
  ['given twice', (name) => `${name}=1&${name}=2`],
  ['8 KB', (name) => `${name}=${'%61'.repeat(2730)}!`],
  ['a number that no database has', (name) => `${name}=99999999999999999999`],
  ['nothing', (name) => `${name}=`],
];
const BODIES: Readonly<Record<string, unknown>> = { setServe: { percent: 0 }, setShadow: { percent: 0 } };

async function ask({ method, operationId }: Described, target: string) {
  const isChange = method !== 'get';
  const response = await fetch(`${control.address}${target}`, {
    method: method.toUpperCase(),
    ...(isChange && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(BODIES[operationId] ?? {}),
    }),
  });
  const text = await response.text();
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  return { status: response.status, isProblem, text };
}

const isAdmin = ({ path }: Described) => path.startsWith('/api/v1/');
const parametersOf = (described: Described, place: 'path' | 'query') =>
  (described.parameters ?? []).filter((parameter) => parameter.in === place);
/** With a slice that there is. */
const targetOf = ({ path }: Described) => path.replace('{name}', 'notes');

describe.each(ODD)('%s', (_, write) => {
  it('in a parameter of a query is refused by its name', async () => {
    const asked: string[] = [];
    for (const described of operations.filter(isAdmin))
      for (const { name } of parametersOf(described, 'query')) {
        const { status, isProblem, text } = await ask(described, `${targetOf(described)}?${write(name)}`);
        expect({ name, status, isProblem }).toEqual({ name, status: 400, isProblem: true });
        const { code, errors } = JSON.parse(text) as { code: string; errors: { path: string }[] };
        expect(code).toBe('FICUS_CONTROL_REQUEST_INVALID');
        expect(new Set(errors.map(({ path }) => path))).toEqual(new Set([name]));
        asked.push(name);
      }
    expect(asked.sort()).toEqual(['after', 'before', 'limit', 'slice', 'waitMs']);
  });

  it('in a parameter that no operation has is refused by its name', async () => {
    for (const described of operations.filter(isAdmin)) {
      const { status, isProblem, text } = await ask(described, `${targetOf(described)}?${write('odd-name')}`);
      expect([described.operationId, status, isProblem]).toEqual([described.operationId, 400, true]);
      expect(text).toContain('odd-name');
    }
  });

  it('as the name of a slice is the name of none', async () => {
    const named = operations.filter((described) => parametersOf(described, 'path').length > 0);
    expect(named.length).toBeGreaterThan(5);
    const value = write('').replace(/^=/, '').replace(/&=/, '%26');
    for (const described of named) {
      const { status, isProblem } = await ask(described, described.path.replace('{name}', value || '%20'));
      expect([described.operationId, isProblem]).toEqual([described.operationId, true]);
      expect([400, 404]).toContain(status);
    }
  });

  it('is nothing to probes, flags and the link', async () => {
    const probes = operations.filter((described) => !isAdmin(described)).map(({ path }) => path);
    const others = ['/', '/openapi.json', '/unleash/api/client/features', LINK_PATHS.report];
    for (const path of [...probes, ...others]) {
      const { status } = await ask({ method: 'get', operationId: '', path }, `${path}?${write('a')}`);
      expect([path, status]).toEqual([path, path === LINK_PATHS.report ? 404 : 200]);
    }
  });
});

it('64 KB of a parameter do not reach the API', async () => {
  for (const described of operations) {
    const { status } = await ask(described, `${targetOf(described)}?slice=${'a'.repeat(65_536)}`);
    expect([described.operationId, status]).toEqual([described.operationId, 431]);
  }
});

/** The API's description, compared with the real answers. */
import { type Control, startControl } from '@ficus/control';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PlayedFence } from '../../../control/writers/played-fence.fixture.ts';
import { createTestDatabase, HandPlayedReplication, silent, type TestDatabase, testConfig } from './rig.ts';

interface Operation {
  readonly operationId: string;
  readonly requestBody?: unknown;
  readonly security?: readonly unknown[];
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: Schema }>> }>>;
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}

let database: TestDatabase;
let control: Control;
let paths: Record<string, Record<string, Operation>>;

beforeAll(async () => {
  database = await createTestDatabase(inject('postgresPort'));
  control = await startControl({
    config: testConfig(database.url),
    logger: silent,
    replications: (options) => new HandPlayedReplication(options),
    openFence: () => {
      const fence = new PlayedFence(Date.now);
      fence.write();
      return fence;
    },
    verify: async ({ onProgress }) => {
      const resume = { tables: [], differences: [], differencesNotListed: 0, current: undefined };
      onProgress({ rowsCompared: 1, rowsTotal: 2, rowsPerSecond: 3, resume });
      return {
        verdict: 'match',
        reason: undefined,
        resume: undefined,
        rowsCompared: { source: 2, target: 2 },
        rowsPerSecond: 5,
        tables: [],
        differences: [],
        differencesNotListed: 0,
        nothingChanged: false,
        changesUnknown: false,
      };
    },
  });
  const document = (await (await fetch(`${control.address}/openapi.json`)).json()) as { paths: typeof paths };
  paths = document.paths;
});
afterAll(async () => {
  await control.stop();
  await database.drop();
});

const BODIES: Readonly<Record<string, unknown>> = {
  setServe: { percent: 5 },
  setShadow: { percent: 5 },
  observeWriters: { on: true },
};

/** The legacy owns the slice: there is nothing to bring back, and nothing to retire. */
const REFUSED: ReadonlySet<string> = new Set(['rollback', 'retireSlice']);

describe('every described operation', () => {
  it('answers with the described status and nothing but described members', async () => {
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    expect(operations.map(({ operation }) => operation.operationId).sort()).toEqual([
      'cutover',
      'getCutover',
      'getHealth',
      'getKeySet',
      'getMetrics',
      'getReadiness',
      'getReplication',
      'getRunningConfig',
      'getSlice',
      'getVerify',
      'getWriters',
      'listLeftovers',
      'listProxies',
      'listSlices',
      'observeWriters',
      'readAudit',
      'resetParity',
      'resumeCutover',
      'retireSlice',
      'rollback',
      'setServe',
      'setShadow',
      'startCopy',
      'startVerify',
    ]);
    // Whatever a GET shows must have been started.
    const ordered = operations.sort((a, b) => Number(a.method === 'get') - Number(b.method === 'get'));
    for (const { path, method, operation } of ordered) {
      const response = await fetch(control.address + path.replace('{name}', 'notes'), {
        method: method.toUpperCase(),
        ...(operation.requestBody
          ? {
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(BODIES[operation.operationId] ?? {}),
            }
          : {}),
      });
      if (REFUSED.has(operation.operationId)) {
        expect(response.status).toBe(409);
        continue;
      }
      const described = operation.responses[response.status];
      expect(described, `${operation.operationId} answered ${response.status}`).toBeDefined();
      const [type = ''] = response.headers.get('content-type')?.split(';') ?? [];
      const schema = described?.content?.[type]?.schema;
      expect(schema, `${operation.operationId} answered ${type}`).toBeDefined();
      const answer = type === 'application/json' ? await response.json() : await response.text();
      expect(undescribed(answer, schema ?? {}, operation.operationId)).toEqual([]);
    }
  });

  it('distinguishes the probes that need no token, and describes both answers of readiness', () => {
    expect([paths['/healthz']?.get?.security, paths['/readyz']?.get?.security]).toEqual([[], []]);
    expect(paths['/metrics']?.get?.security).toBeUndefined();
    const { responses } = paths['/readyz']?.get ?? {};
    expect(responses?.['503']?.content).toEqual(responses?.['200']?.content);
  });

  it('refuses what is not described', async () => {
    const response = await fetch(`${control.address}/api/v1/audit?limit=0`);
    expect(response.status).toBe(400);
  });
});

/** Places where a value does not follow its schema: as far as these schemas go, without a validator library. */
function undescribed(value: unknown, schema: Schema, path: string): string[] {
  if (schema.anyOf) {
    const tries = schema.anyOf.map((one) => undescribed(value, one, path));
    return tries.some((found) => found.length === 0) ? [] : (tries[0] ?? []);
  }
  if (Array.isArray(value))
    return value.flatMap((item, index) => undescribed(item, schema.items ?? {}, `${path}[${index}]`));
  const types = [schema.type ?? []].flat();
  if (value === null) return types.length === 0 || types.includes('null') ? [] : [`${path} is null`];
  if (schema.type === 'null') return [`${path} is not null`];
  if (typeof value !== 'object' || !schema.properties) return [];
  const { properties } = schema;
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name));
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, member]) => {
      const described = properties[name];
      return described
        ? undescribed(member, described, `${path}.${name}`)
        : [`${path}.${name} is not described`];
    }),
  ];
}

import {
  configSchema,
  type FicusConfigInput,
  type Observation,
  type ObservedResponse,
  type Side,
  type SliceState,
} from '@ficus/core';
import { type OpenedAsker, openAsker, Seal } from '@ficus/proxy';
import pino from 'pino';
import { describe, expect, it, test } from 'vitest';
import { anObservation, jsonAnswer } from './observation.fixture.ts';
import { ParityService } from './parity-service.ts';

const written: FicusConfigInput = {
  version: 1,
  control: { listen: '127.0.0.1:0', database: 'postgres://127.0.0.1/control' },
  legacy: { url: 'http://legacy.test', database: 'postgres://127.0.0.1/legacy' },
  slices: {
    notes: {
      candidate: { url: 'http://candidate.test', database: 'postgres://127.0.0.1/notes' },
      routes: [
        { id: 'list', path: '/api/notes' },
        { id: 'odd', path: '/api/notes/count', kind: 'write' },
        { id: 'once', path: '/api/notes/once', confirm: false },
        { id: 'options', path: '/api/notes', methods: ['OPTIONS'] },
      ],
      tables: [{ from: 'public.notes', to: 'public.notes' }],
    },
  },
};

const differing = (over: Partial<Observation> = {}): Observation =>
  anObservation({ candidate: jsonAnswer('{"a":2}'), ...over });

interface Asked {
  readonly parity?: NonNullable<FicusConfigInput['slices']>[string]['parity'];
  /** What the sides answer when they are asked again. */
  readonly answers?: Readonly<Record<Side, ObservedResponse>>;
}

/** A service that records what the sides were asked. */
function play(
  state: Partial<SliceState> = {},
  proxy: FicusConfigInput['proxy'] = {},
  { parity, answers }: Asked = {},
) {
  const asked: Side[] = [];
  const lines: Record<string, unknown>[] = [];
  const config = configSchema.parse({
    ...written,
    proxy,
    slices: { notes: { ...written.slices!.notes!, parity } },
  });
  const service = new ParityService({
    config,
    catchUp: async () => true,
    stateOf: () => ({ owner: 'legacy', epoch: 1, ...state }) as SliceState,
    logger: pino(
      {},
      { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    ),
    openAsker: (config): OpenedAsker => ({
      ...openAsker(config),
      ask: async (side) => {
        asked.push(side);
        return answers?.[side] ?? jsonAnswer(side === 'legacy' ? '{"a":1}' : '{"a":2}');
      },
    }),
  });
  return { service, config, asked, lines, counts: () => service.report('notes')!.counts };
}

describe('a difference', () => {
  it('is asked again once, at each side', async () => {
    const { service, asked, counts } = play();
    service.observe(differing());
    expect(service.confirming('notes')).toBe(1);
    await expect.poll(() => counts().mismatch).toBe(1);
    expect(asked).toEqual(['candidate', 'legacy']);
  });

  it('of a request decided under another epoch is not asked again', async () => {
    const { service, asked, counts } = play({ owner: 'candidate', epoch: 2 });
    service.observe(differing());
    await expect.poll(() => counts().inconclusive).toBe(1);
    expect(asked).toEqual([]);
  });

  it('of a route that is not to be asked again proves nothing, and costs neither side a request', () => {
    const { service, asked, counts } = play();
    service.observe(differing({ route: 'once', target: '/api/notes/once' }));
    service.observe(anObservation({ route: 'once', target: '/api/notes/once' }));
    expect(counts()).toMatchObject({ inconclusive: 1, mismatch: 0, match: 1 });
    expect(asked).toEqual([]);
  });

  it('of a request from before the newest change of owner counts when both agree', () => {
    const { service, counts } = play({ owner: 'candidate', epoch: 2 });
    service.observe(anObservation());
    expect(counts().match).toBe(1);
  });
});

describe('a sample', () => {
  const people = (name: string) => jsonAnswer(`{"users":{"ida@example.org":{"name":"${name}"}}}`);
  const observed = anObservation({
    target: '/api/notes?q=Ida+Berg',
    legacy: people('Ida Berg'),
    candidate: people('Tom Falk'),
  });
  const reportOf = async (parity: Asked['parity']) => {
    const { service, lines, counts } = play({}, {}, { parity, answers: observed });
    service.observe(observed);
    await expect.poll(() => counts().mismatch).toBe(1);
    const report = service.report('notes')!;
    return { ...report, text: JSON.stringify([report, lines]) };
  };

  it('says where and how two answers differ, and nothing of people, nor does the log', async () => {
    const { samples, differingPaths, text } = await reportOf({});
    expect(samples).toHaveLength(1);
    expect(differingPaths).toEqual([{ route: 'list', path: '$.users[*].name', count: 1 }]);
    expect(text).not.toMatch(/Ida|Tom|Falk|example\.org/);
  });

  it('is not kept when samples are off; the difference counts all the same', async () => {
    const { samples, differingPaths } = await reportOf({ samples: 'off' });
    expect(samples).toEqual([]);
    expect(differingPaths).toHaveLength(1);
  });

  it('shows what the config allows', async () => {
    const { samples } = await reportOf({ samples: { allow: ['$.users[*].name', 'query.q'] } });
    expect(samples[0]).toMatchObject({
      request: 'GET /api/notes?q=Ida+Berg',
      differences: [{ legacy: '"Ida Berg"', candidate: '"Tom Falk"' }],
    });
    expect(JSON.stringify(samples)).not.toContain('example.org');
  });
});

describe('an observation that no proxy of this config can have made', () => {
  it.each([
    ['slice-unknown', { slice: 'other' }],
    ['route-unknown', { route: 'other' }],
    ['target-off-route', { target: '/internal/everything' }],
    ['never-copied', { route: 'odd', target: '/api/notes/count' }],
    ['never-copied', { method: 'OPTIONS', route: 'options' }],
    ['state-unknown', { epoch: 2 }],
    ['state-unknown', { owner: 'candidate' }],
    ['target-not-as-rewritten', { targets: { legacy: '/api/notes', candidate: '/internal' } }],
  ] as const)('is refused: %s', (reason, over) => {
    const { service, asked, lines, counts } = play();
    service.observe(differing(over));
    expect(service.refused.counts).toEqual([{ kind: 'observation', reason, count: 1 }]);
    expect(counts()).toMatchObject({ match: 0, mismatch: 0, inconclusive: 0 });
    expect(service.confirming('notes')).toBe(0);
    expect(asked).toEqual([]);
    expect(lines).toMatchObject([{ msg: 'report refused', reason }]);
  });

  it('is refused when its seal is wrong, old, or was taken before', () => {
    const secret = 'a-secret-of-sixteen-or-more';
    const { service, counts, config } = play(
      {},
      { identify: { user: { cookie: 'sid', introspect: '/me' }, assert: { secret } } },
    );
    const seal = new Seal([secret]);
    const sealedAt = (at: number) => {
      const observation = anObservation({ at });
      return { ...observation, seal: seal.of(observation) };
    };
    const [now, old] = [sealedAt(Date.now()), sealedAt(Date.now() - 3_600_000)];
    for (const reported of [now, old, { ...now, legacy: jsonAnswer('{}') }]) service.observe(reported);
    // A reload forgets none.
    service.reconfigure(config);
    for (const reported of [now, now]) service.observe(reported);
    expect(service.refused.counts.map(({ reason, count }) => [reason, count])).toEqual([
      ['seal-expired', 1],
      ['seal-wrong', 1],
      ['seal-replayed', 2],
    ]);
    expect(counts().match).toBe(1);
  });

  it('is logged ever more rarely, without what it claims', () => {
    const { service, lines } = play();
    for (let turn = 0; turn < 100; turn += 1)
      service.observe(
        differing({ route: 'other', caller: { user: 'ann' }, requestHeaders: [['a', 'secret']] }),
      );
    expect(lines.map(({ count }) => count)).toEqual([1, 10, 100]);
    expect(JSON.stringify(lines)).not.toMatch(/ann|secret/);
  });
});

test('a config that cannot be applied changes nothing, in no slice', () => {
  const { service, counts } = play();
  const notes = { ...written.slices!.notes!, routes: [{ id: 'list', path: '/api/moved' }] };
  const next = configSchema.parse({ ...written, slices: { notes, zzz: notes } });
  const broken = { ...next.slices.zzz!, parity: undefined as never };
  expect(() => service.reconfigure({ ...next, slices: { ...next.slices, zzz: broken } })).toThrow(TypeError);
  service.observe(anObservation());
  expect(counts().match).toBe(1);
  service.reconfigure(next);
  service.observe(anObservation());
  service.observe(anObservation({ target: '/api/moved' }));
  expect(service.refused.counts).toMatchObject([{ reason: 'target-off-route', count: 1 }]);
  expect(counts().match).toBe(2);
});

test.each([
  ['shapes', 'shapes', 1],
  ['shapes', 'off', 0],
  [{ allow: ['$.a', '$.b'] }, { allow: ['$.a'] }, 0],
] as const)('samples made under %j are kept under %j: %i', async (before, after, kept) => {
  const { service, counts, config } = play({}, {}, { parity: { samples: before as 'off' } });
  service.observe(differing());
  await expect.poll(() => counts().mismatch).toBe(1);
  expect(service.report('notes')!.samples).toHaveLength(1);
  const next = {
    ...config.slices.notes!,
    parity: { ...config.slices.notes!.parity, samples: after as 'off' },
  };
  const nextConfig = { ...config, slices: { notes: next } };
  const stored = service.evidence('notes').versions();

  service.reconfigure(nextConfig);
  expect(service.report('notes')).toMatchObject({ samples: { length: kept }, counts: { mismatch: 1 } });
  const restarted = new ParityService({
    config: nextConfig,
    catchUp: async () => true,
    stateOf: () => ({ owner: 'legacy', epoch: 1, writes: 'open' }),
    logger: pino({ level: 'silent' }),
    stored: () => stored,
  });
  expect(restarted.report('notes')).toMatchObject({ samples: { length: kept }, counts: { mismatch: 1 } });
  restarted.stop();
});

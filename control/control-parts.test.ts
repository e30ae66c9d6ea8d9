import { configSchema, type FicusConfigInput } from '@ficus/core';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeParts } from './control-parts.ts';
import type { Store } from './store/open-store.ts';

const silent = pino({ level: 'silent' });
const engines = {
  openReplication: vi.fn(),
  runVerify: vi.fn(),
  openFence: vi.fn(),
  cutover: {} as never,
  source: { read: vi.fn(), dropSlot: vi.fn() },
};

/** A database that stores only the slices it is asked to create. */
function playStore(): Store {
  const names = new Set<string>();
  const query = async (text: string, values: readonly unknown[] = []) => {
    const [asked] = values as [string[]?];
    if (text.startsWith('INSERT INTO slice')) for (const name of asked ?? []) names.add(name);
    if (!text.includes('FROM slice')) return [];
    const rows = [...names].filter((name) => asked?.includes(name));
    return rows.map((name) => ({ name, owner: 'candidate', epoch: '2', retired: false }));
  };
  return {
    connected: true,
    replaced: false,
    onReplaced: () => undefined,
    onReconnect: () => undefined,
    query: query as Store['query'],
    transaction: (work) => work(query as Store['query']),
    close: async () => undefined,
  };
}

const slice = (url: string, tls?: { ca: string }) => ({
  candidate: { url, ...(tls && { tls }) },
  routes: [{ id: 'list', path: '/api' }],
});
const unreadable = slice('https://127.0.0.1:2', { ca: '/nowhere/ca.pem' });
const configOf = (slices: FicusConfigInput['slices'], flags: FicusConfigInput['flags']) =>
  configSchema.parse({
    version: 1,
    control: { listen: '127.0.0.1:0', database: 'postgres://127.0.0.1/control' },
    legacy: { url: 'http://127.0.0.1:1' },
    flags,
    slices,
  });

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

test('a config that cannot be applied changes nothing', async () => {
  const builtin = { provider: 'builtin' } as const;
  const config = configOf({ notes: slice('http://127.0.0.1:2') }, builtin);
  const parts = await makeParts(config, engines, playStore(), silent);
  try {
    const next = configOf({ pages: unreadable }, builtin);
    await expect(parts.reconfigure(next)).rejects.toMatchObject({ code: 'FICUS_PEM_UNREADABLE' });
    expect(Object.keys(parts.config.slices)).toEqual(['notes']);
    expect([...parts.states.all().keys()]).toEqual(['notes']);
    expect(parts.builtin?.features().features.map(({ name }) => name)).toEqual([
      'notes.serve',
      'notes.shadow',
    ]);
    expect([parts.parity.report('notes'), parts.parity.report('pages')]).toEqual([
      expect.anything(),
      undefined,
    ]);
  } finally {
    await parts.stop();
  }
});

test('a start that fails leaves nothing running', async () => {
  const config = configOf({ notes: unreadable }, { provider: 'file', file: '/nowhere/flags.json' });
  await expect(makeParts(config, engines, playStore(), silent)).rejects.toMatchObject({
    code: 'FICUS_PEM_UNREADABLE',
  });
  expect(vi.getTimerCount()).toBe(0);
});

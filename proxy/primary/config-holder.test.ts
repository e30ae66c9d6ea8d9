import { configSchema, controlSchema, type FicusConfig, type ParsedConfig } from '@ficus/core';
import pino from 'pino';
import { expect, test } from 'vitest';
import { ConfigHolder } from './config-holder.ts';

const configWith = (sample: number): FicusConfig =>
  configSchema.parse({
    version: 1,
    proxy: { listen: '127.0.0.1:0', accessLog: { sample } },
    flags: { provider: 'file', file: 'flags.json' },
    legacy: { url: 'http://127.0.0.1:3000' },
    slices: {},
  });

/** A holder whose readings end when the test says so, and the configs that it has applied. */
function startHolder() {
  const readings: PromiseWithResolvers<ParsedConfig>[] = [];
  const taken: [number, number][] = [];
  const lines: string[] = [];
  const holder = new ConfigHolder({
    options: {
      config: configWith(0),
      reloadConfig: () => {
        const reading = Promise.withResolvers<ParsedConfig>();
        readings.push(reading);
        return reading.promise;
      },
    },
    logger: pino({}, { write: (line: string) => void lines.push(line) }),
    reloadFlags: async () => {},
    onApplied: ({ proxy }, generation) => taken.push([proxy.accessLog.sample, generation]),
  });
  return { holder, readings, taken, lines };
}

test('of two overlapping readings the newer one wins, whichever ends first', async () => {
  const { holder, readings, taken } = startHolder();
  const [older, newer] = [holder.reload(), holder.reload()];
  readings[1]!.resolve({ ok: true, config: configWith(1) });
  expect(await newer).toEqual({ ok: true, generation: 2 });
  readings[0]!.resolve({ ok: true, config: configWith(0.5) });
  expect(await older).toEqual({ ok: true, generation: 2 });
  expect(taken).toEqual([[1, 2]]);
  expect(holder.config).toEqual(configWith(1));
});

test('an older reading with problems does not replace a newer valid one', async () => {
  const { holder, readings, lines } = startHolder();
  const [older, newer] = [holder.reload(), holder.reload()];
  readings[1]!.resolve({ ok: true, config: configWith(1) });
  await newer;
  readings[0]!.resolve({ ok: false, problems: [{ path: ['legacy'], message: 'is required' }] });
  expect((await older).ok).toBe(true);
  expect(lines.join('')).not.toContain('is required');
});

test('a config with problems is refused whole, each problem logged', async () => {
  const { holder, readings, taken, lines } = startHolder();
  const reload = holder.reload();
  readings[0]!.resolve({ ok: false, problems: [{ path: ['legacy'], message: 'is required' }] });
  expect(await reload).toEqual({ ok: false, problems: [{ path: ['legacy'], message: 'is required' }] });
  expect(taken).toEqual([]);
  expect(holder.generation).toBe(1);
  expect(lines.join('')).toContain('is required');
});

test('a change that needs a restart is refused; an unchanged config has no effect', async () => {
  const { holder, readings, taken } = startHolder();
  const same = holder.reload();
  readings[0]!.resolve({ ok: true, config: configWith(0) });
  expect(await same).toEqual({ ok: true, generation: 1 });
  const moved = holder.reload();
  const config = configWith(0);
  readings[1]!.resolve({
    ok: true,
    config: { ...config, proxy: { ...config.proxy, listen: '127.0.0.1:1' } },
  });
  expect(await moved).toMatchObject({ ok: false, problems: [{ path: ['proxy', 'listen'] }] });
  expect(taken).toEqual([]);
});

test('what an applied config leaves weak is logged, and nothing of one that is refused', async () => {
  const { holder, readings, lines } = startHolder();
  const { proxy, ...rest } = configWith(1);
  const weak = configSchema.parse({
    ...rest,
    proxy: { ...proxy, identify: { jwt: { secret: 'sixteen-or-more-1', issuer: 'https://id.example' } } },
  });
  const reload = holder.reload();
  readings[0]!.resolve({ ok: true, config: weak });
  await reload;
  const warnings = () =>
    lines
      .map((line) => JSON.parse(line) as { code?: string; path?: string })
      .filter(({ code }) => code === 'FICUS_CONFIG_WEAK')
      .map(({ path }) => path);
  expect(warnings()).toEqual(['proxy.identify.jwt.secret', 'proxy.identify.jwt.audience']);
  const refused = holder.reload();
  readings[1]!.resolve({ ok: false, problems: [{ path: [], message: 'is wrong' }] });
  await refused;
  expect(warnings()).toHaveLength(2);
});

test('a changed token of the control plane waits for a restart, and the rest of the config takes effect', async () => {
  const { holder, readings, taken, lines } = startHolder();
  const withControl = (token: string | undefined): FicusConfig => ({
    ...configWith(1),
    control: token === undefined ? undefined : controlSchema.parse({ token }),
  });
  const reload = async (config: FicusConfig) => {
    const reading = holder.reload();
    readings.at(-1)!.resolve({ ok: true, config });
    await reading;
  };
  await reload(withControl('correct-horse'));
  expect(taken).toEqual([[1, 2]]);
  expect(holder.running.refused).toMatchObject({ needsRestart: true, problems: [{ path: 'control' }] });
  expect(lines.join('')).not.toContain('correct-horse');
  await reload(withControl(undefined));
  expect(holder.running.refused).toBeNull();
});

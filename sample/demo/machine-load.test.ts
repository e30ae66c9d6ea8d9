import type { CpuInfo } from 'node:os';
import { expect, test } from 'vitest';
import { watchMachine } from './machine-load.ts';

const core = (user: number, idle: number) =>
  ({ times: { user, nice: 0, sys: 0, idle, irq: 0 } }) as unknown as CpuInfo;

test('is the share since the last sample, over all cores; samples are a second apart', () => {
  let [at, cores] = [0, [core(1000, 1000), core(0, 0)]];
  const machine = watchMachine(
    () => cores,
    () => at,
  );
  expect(machine.busyPercent()).toBeUndefined();
  [at, cores] = [1000, [core(2000, 1000), core(500, 500)]];
  expect(machine.busyPercent()).toBe(75);
  [at, cores] = [1500, [core(2000, 9000), core(500, 500)]];
  expect(machine.busyPercent()).toBe(75);
  at = 2000;
  expect(machine.busyPercent()).toBe(0);
});

test('is unknown where the system does not tell', () => {
  let at = 0;
  const machine = watchMachine(
    () => [],
    () => at,
  );
  at = 1000;
  expect(machine.busyPercent()).toBeUndefined();
});

/** What an attempt asks of the streams, by direction. */
import { configSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import type { ReplicationPort } from '../replications/replication-set.ts';
import type { CutoverEngine } from './cutover-engine.ts';
import { openSides } from './open-sides.ts';

const config = configSchema.parse({
  version: 1,
  legacy: { url: 'http://127.0.0.1:1', database: 'postgres://postgres@127.0.0.1/old' },
  slices: {
    orders: {
      candidate: { url: 'http://127.0.0.1:2', database: 'postgres://postgres@127.0.0.1/new' },
      routes: [{ id: 'write', path: '/orders' }],
      tables: [{ from: 'orders', to: 'orders' }],
    },
  },
});

/** Streams that note what is asked of them. */
function open(from: 'legacy' | 'candidate') {
  const asked: string[] = [];
  const port = (direction: string) =>
    ({
      currentPosition: async () => '0/9',
      waitForDurable: async (lsn: string) => asked.push(`${direction} durable ${lsn}`) > 0,
      waitForPosition: async (lsn: string) => asked.push(`${direction} applied ${lsn}`) > 0,
      lookAtTables: async () => asked.push(`${direction} tables`) > 0,
      changeEpoch: async (epoch: number) => asked.push(`${direction} epoch ${epoch}`) > 0,
    }) as unknown as ReplicationPort;
  const engine = { openFence: () => ({}) } as unknown as CutoverEngine;
  const to = from === 'legacy' ? 'candidate' : 'legacy';
  const sides = openSides(
    { config: () => config, engine, port: (_, direction) => port(direction) },
    { slice: 'orders', from, to },
  );
  return { sides, asked };
}

test.each([
  ['legacy', 'forward', 'reverse'],
  ['candidate', 'reverse', 'forward'],
] as const)(
  'from the %s the barrier comes by the %s stream, and is waited for until it is durable',
  async (from, direction, back) => {
    const { sides, asked } = open(from);
    expect(await sides.stream.waitForPosition('0/5', 100)).toBe(true);
    expect(await sides.stream.isMoving(100)).toBe(true);
    expect(await sides.stream.isUnaltered()).toBe(true);
    await sides.back.raiseEpoch(3);
    expect(asked).toEqual([
      `${direction} durable 0/5`,
      `${direction} durable 0/9`,
      `${direction} tables`,
      `${back} epoch 3`,
    ]);
  },
);

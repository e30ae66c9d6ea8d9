import { type UpstreamConfig, upstreamSchema } from '@ficus/core';
import { expect, test } from 'vitest';
import { AddressBook } from './address-book.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { ConnectionSeeker, Waiting } from './waiting-queue.ts';

/** A seeker in a pool that has no free connection and opens none. */
function seekerNamed(name: string, heard: string[]): ConnectionSeeker & { waiting: Waiting | undefined } {
  return {
    waiting: undefined,
    onConnection: () => heard.push(`${name}: connection`),
    onNoConnection: (phase, cause) => heard.push(`${name}: ${phase} ${cause}`),
  };
}

function crowdedPool(): ConnectionPool {
  const config: UpstreamConfig = upstreamSchema.parse({ url: 'http://127.0.0.1:9' });
  const crowded = { ...config, pool: { ...config.pool, connections: 0, pending: 100_000 } };
  const destination = { port: 9, book: new AddressBook('127.0.0.1'), tls: undefined, health: undefined };
  return new ConnectionPool(destination, crowded, () => {});
}

test('a seeker that stops waiting leaves nothing in the queue, though no connection ever becomes free', () => {
  const pool = crowdedPool();
  const heard: string[] = [];
  let looks = 0;
  for (let i = 0; i < 1_000; i += 1) {
    const seeker = seekerNamed(`gone ${i}`, heard);
    pool.acquire(seeker);
    const { until } = seeker.waiting!;
    Object.defineProperty(seeker.waiting!, 'until', {
      get: () => {
        looks += 1;
        return until;
      },
    });
    pool.forget(seeker);
    pool.forget(seeker);
  }
  expect(pool.counts.pending).toBe(0);
  pool.sweep(performance.now());
  expect(looks).toBe(0);
});

test('the others keep their places when one leaves from the front, the middle or the end', () => {
  const pool = crowdedPool();
  const heard: string[] = [];
  const seekers = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => seekerNamed(name, heard));
  for (const seeker of seekers) pool.acquire(seeker);
  const [a, , c, , , f] = seekers;
  for (const seeker of [a!, c!, f!]) pool.forget(seeker);
  pool.acquire(a!);
  expect(pool.counts.pending).toBe(4);
  pool.sweep(performance.now());
  expect(heard).toEqual([]);
  pool.sweep(performance.now() + 3_600_000);
  expect(heard).toEqual(['b', 'd', 'e', 'a'].map((name) => `${name}: queue timed-out`));
  expect(pool.counts.pending).toBe(0);
  pool.close();
});

test('one that takes others along when its time is over, and comes back itself, disturbs no other', () => {
  const pool = crowdedPool();
  const heard: string[] = [];
  const [b, c] = [seekerNamed('b', heard), seekerNamed('c', heard)];
  const a: ConnectionSeeker = {
    ...seekerNamed('a', heard),
    onNoConnection: () => {
      heard.push('a');
      pool.forget(b);
      if (heard.length === 1) pool.acquire(a);
    },
  };
  for (const seeker of [a, b, c]) pool.acquire(seeker);
  const late = performance.now() + 3_600_000;
  pool.sweep(late);
  pool.sweep(late);
  expect(heard.toSorted()).toEqual(['a', 'a', 'c: queue timed-out']);
  expect(pool.counts.pending).toBe(0);
  pool.close();
});

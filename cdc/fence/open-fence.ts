/**
 * The fence of one slice in one database, over two sessions: one that turns it, and one that reads, as a turn may wait.
 * Opened by the control plane for both sides; holds no state but the sessions and the lock's key.
 */
import { type FenceState, FicusError } from '@ficus/core';
import type pg from 'pg';
import type { Fence, FenceGap, FenceOptions } from './fence.ts';
import { FenceConnection } from './fence-connection.ts';
import { nameFence } from './fence-names.ts';
import { decodeFenceState } from './fence-number.ts';
import { installFence, readConfig } from './install-fence.ts';
import { readBlockers } from './read-blockers.ts';
import { readNotes } from './read-notes.ts';
import { turnFence } from './turn-fence.ts';

const ANSWER_MS = 10_000;
/** Of all tables together, each of which is waited for shortly. */
const INSTALL_MS = 120_000;
const MOST_NOTES = 10_000;
const PRIVILEGE = '42501';
/** Table, function or schema that does not exist. */
const MISSING = ['42P01', '42883', '3F000'];

export function openFence(options: FenceOptions): Fence {
  const { slice, url } = options;
  const names = nameFence(slice);
  const turning = new FenceConnection(url, `ficus fence ${slice}`.slice(0, 63));
  const reading = new FenceConnection(url, `ficus fence ${slice}`.slice(0, 63));

  /** Reads; without a fence, the answer is the second argument. */
  async function read<T>(work: (client: pg.Client) => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await reading.run(ANSWER_MS, work);
    } catch (error) {
      const { code = '', message } = error as Error & { code?: string };
      if (MISSING.includes(code)) return otherwise;
      if (code !== PRIVILEGE) throw error;
      throw new FicusError('FICUS_CDC_PRIVILEGE', `The fence of slice “${slice}”: ${message}.`, {
        cause: error,
      });
    }
  }

  const state = () =>
    read<FenceState | undefined>(async (client) => {
      const { rows } = await client.query<{ value: string | null }>(
        'SELECT pg_sequence_last_value(to_regclass($1)) AS value',
        [names.state],
      );
      return decodeFenceState(rows[0]?.value ?? null);
    }, undefined);

  const gaps = () =>
    read(
      async (client) => {
        const { rows } = await client.query<FenceGap & { passing: boolean }>(
          `SELECT name AS table, why, kind = 'lock' AS passing FROM ficus_fence.gaps($1) ORDER BY 1, 2`,
          [names.word],
        );
        return rows;
      },
      options.tables.map((table) => ({ table, why: 'has no fence', passing: false })),
    );

  const blockers = () =>
    read(async (client) => readBlockers(client, (await readConfig(client, slice)).key), []);

  return {
    state,
    async install(first) {
      await turning.run(INSTALL_MS, (client) => installFence(client, options, first));
      return (await state())!;
    },
    turn: (turn) =>
      turnFence({ slice, blockers, gaps, run: (timeoutMs, work) => turning.run(timeoutMs, work) }, turn),
    observe: (on) =>
      read<FenceState | undefined>(async (client) => {
        const { rows } = await client.query<{ value: string | null }>(
          `SELECT ${names.observe}($1) AS value`,
          [on],
        );
        return decodeFenceState(rows[0]?.value ?? null);
      }, undefined),
    notes: (most = MOST_NOTES) => read((client) => readNotes(client, slice, most), []),
    forget: (keys) =>
      read(async (client) => void (await client.query('SELECT ficus_fence.forget($1)', [keys])), undefined),
    missed: () =>
      read(async (client) => {
        const { rows } = await client.query<{ missed: string | null }>(
          `SELECT pg_sequence_last_value('ficus_fence.missed') AS missed`,
        );
        return Number(rows[0]!.missed ?? 0);
      }, 0),
    clock: () =>
      read(async (client) => {
        const { rows } = await client.query<{ ms: number }>(
          'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms',
        );
        return rows[0]!.ms;
      }, 0),
    blockers,
    gaps: async () => (await gaps()).map(({ table, why }) => ({ table, why })),
    async close() {
      await Promise.all([turning.close(), reading.close()]);
    },
  };
}

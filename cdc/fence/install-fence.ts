/**
 * Installs what a fence lacks: nothing, as a rule, and then nothing is executed but reads. The tables' triggers come one
 * table after another, each in a short transaction of its own. Used by the fence.
 */
import { type FenceMode, FicusError } from '@ficus/core';
import type pg from 'pg';
import { quoteIdentifier, splitQualified } from '../catalog/quote.ts';
import { describeBlocker, endSql } from '../source/describe-wait.ts';
import { readUse } from '../source/read-waits.ts';
import { SHARED_FUNCTIONS } from './base-sql.ts';
import type { FenceDefinition } from './fence-definition.ts';
import { nameFence } from './fence-names.ts';
import { encodeFenceState } from './fence-number.ts';
import { type FenceSqlOptions, fenceObjectsSql, fenceSql, strangerSql } from './fence-sql.ts';
import { type FenceConfig, sliceFunctions, WORDS } from './slice-sql.ts';

const PRIVILEGE = '42501';
const LOCK_TIMEOUT = '55P03';
/** New partitions may appear while others are armed. */
const ROUNDS = 3;

/** @throws FicusError FICUS_FENCE_NOT_OWNER, FICUS_FENCE_BUSY, FICUS_CDC_TABLE_MISSING */
export async function installFence(
  client: pg.Client,
  definition: FenceDefinition,
  first: { readonly epoch: number; readonly mode: FenceMode },
): Promise<void> {
  const options = { ...definition, first: encodeFenceState(first) };
  try {
    await installObjects(client, options);
    for (let round = 0; round < ROUNDS && (await armMissing(client, definition.slice)) > 0; round++);
    await disarmLeft(client, definition.slice);
  } catch (error) {
    throw await describeFailure(client, error, definition, first);
  }
}

/** Only its owner may give a fence other words; it refuses as well with those that it has. */
async function installObjects(client: pg.Client, options: FenceSqlOptions): Promise<void> {
  const has = await compareObjects(client, options);
  if (has === 'same') return;
  try {
    await client.query(fenceObjectsSql(options));
  } catch (error) {
    if (has !== 'other words' || (error as { code?: string }).code !== PRIVILEGE) throw error;
  }
}

/** With what this version makes; the triggers are another matter. */
async function compareObjects(
  client: pg.Client,
  definition: FenceDefinition,
): Promise<'same' | 'other words' | 'different'> {
  const { config, state } = nameFence(definition.slice);
  const { rows } = await client.query<{ name: string; body: string }>(
    `SELECT format('ficus_fence.%s', proname) AS name, prosrc AS body FROM pg_proc WHERE pronamespace = to_regnamespace('ficus_fence')`,
  );
  const bodies = new Map(rows.map(({ name, body }) => [name, body]));
  if (!bodies.has(config)) return 'different';
  const strangers = await client.query(strangerSql(definition.tables));
  if (strangers.rowCount !== 0) return 'different';
  const set = await client.query<{ value: string | null; notes: boolean }>(
    `SELECT pg_sequence_last_value(to_regclass($1)) AS value, to_regclass('ficus_fence.seen') IS NOT NULL AS notes`,
    [state],
  );
  if (set.rows[0]?.value == null || !set.rows[0].notes) return 'different';
  const { key, turning } = await readConfig(client, definition.slice);
  const wanted = [...SHARED_FUNCTIONS, ...sliceFunctions(definition)].map(({ name, body }) => ({
    found: bodies.get(`ficus_fence.${name}`),
    body: body.replaceAll('@KEY@', key).replaceAll('@TURNING@', turning),
  }));
  if (wanted.every(({ found, body }) => found === body)) return 'same';
  const withoutWords = (text: string) => text.split(WORDS)[0];
  return wanted.every(({ found, body }) => found !== undefined && withoutWords(found) === withoutWords(body))
    ? 'other words'
    : 'different';
}

export async function readConfig(client: pg.ClientBase, slice: string): Promise<FenceConfig> {
  const { rows } = await client.query<{ config: FenceConfig }>(
    `SELECT ${nameFence(slice).config}() AS config`,
  );
  return rows[0]!.config;
}

/** Returns how many tables lacked a trigger. */
async function armMissing(client: pg.Client, slice: string): Promise<number> {
  const { word } = nameFence(slice);
  const { rows } = await client.query<{ oid: string }>(
    `SELECT DISTINCT g.oid::text FROM ficus_fence.gaps($1) AS g WHERE g.kind = 'trigger'`,
    [word],
  );
  for (const { oid } of rows) await client.query('SELECT ficus_fence.arm($1, $2)', [word, oid]);
  return rows.length;
}

/** Tables that have left the config are freed; not by a fence that holds, or has moved. */
async function disarmLeft(client: pg.Client, slice: string): Promise<void> {
  const { word, state } = nameFence(slice);
  const { rows } = await client.query<{ oid: string }>(
    `SELECT oid::text FROM ficus_fence.members($1, true) AS oid WHERE pg_sequence_last_value($2::regclass) & 7 IN (0, 1)
     EXCEPT SELECT oid::text FROM ficus_fence.members($1, false) AS oid`,
    [word, state],
  );
  for (const { oid } of rows) await client.query('SELECT ficus_fence.disarm($1, $2)', [word, oid]);
}

async function describeFailure(
  client: pg.Client,
  error: unknown,
  definition: FenceDefinition,
  first: { readonly epoch: number; readonly mode: FenceMode },
): Promise<unknown> {
  const { code, message } = error as { code?: string; message: string };
  const { slice, tables } = definition;
  if (code === '42P01')
    return new FicusError('FICUS_CDC_TABLE_MISSING', `The fence of slice “${slice}”: ${message}.`, {
      cause: error,
    });
  if (code === PRIVILEGE) {
    const operatorRole = await readUser(client);
    const sql = fenceSql({ ...definition, first: encodeFenceState(first), operatorRole }).join('\n');
    return new FicusError(
      'FICUS_FENCE_NOT_OWNER',
      `The fence of slice “${slice}” cannot be installed by role “${operatorRole}”: ${message}.`,
      {
        cause: error,
        details: { sql },
      },
    );
  }
  if (code !== LOCK_TIMEOUT) return error;
  await client.query('ROLLBACK');
  const use = await readUse(client, tables.map(quoteTable));
  const who = use
    ? `“${use.relation}” is in use by ${describeBlocker(use.blocker)}. ${endSql(use.blocker)}`
    : `${tables.join(', ')}: ${message}`;
  return new FicusError('FICUS_FENCE_BUSY', `The fence of slice “${slice}”: ${who}`, { cause: error });
}

function quoteTable(table: string): string {
  const { schema, name } = splitQualified(table);
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

async function readUser(client: pg.Client): Promise<string> {
  await client.query('ROLLBACK');
  const { rows } = await client.query<{ role: string }>('SELECT current_user::text AS role');
  return rows[0]!.role;
}

/**
 * The fence of a slice as an administrator may install it beforehand, where Ficus's roles do not own the tables. A part of its own in
 * `ficus check --grants`: it puts triggers on tables, and only a cutover of writes needs it.
 */
import type { Side, TableConfig } from '@ficus/core';
import { encodeFenceState } from '../fence/fence-number.ts';
import { fenceSql } from '../fence/fence-sql.ts';

interface FenceGrantsInput {
  readonly slice: string;
  readonly side: Side;
  readonly tables: readonly TableConfig[];
  /** Ficus's role there: it operates the fence, and writes the stream. */
  readonly role?: string | undefined;
  /** Where the other side's rows are. */
  readonly elsewhere?: string | undefined;
}

const ROLES: Readonly<Record<Side, string>> = { legacy: 'ficus_reader', candidate: 'ficus_writer' };

/** Statements for one database, to be run after the roles’ own; a fence that is there keeps its state. */
export function fenceGrants({
  slice,
  side,
  tables,
  elsewhere,
  role = ROLES[side],
}: FenceGrantsInput): string[] {
  const names = tables.map(({ from, to }) => (side === 'legacy' ? from : to));
  return fenceSql({
    slice,
    side,
    tables: [...new Set(names)],
    applierRole: role,
    operatorRole: role,
    elsewhere,
    first: encodeFenceState({ epoch: 1, mode: 'armed' }),
  });
}

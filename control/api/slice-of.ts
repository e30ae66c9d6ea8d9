/** Finds the slice that a path names, or refuses. */
import type { SliceView } from '@ficus/contract';
import { FicusError, printable, type SliceConfig } from '@ficus/core';
import { z } from 'zod';
import { buildSliceView, type SliceParts } from '../views/build-slice-view.ts';

/** The reason in a request's body, where there is one. */
export const reason = z
  .string()
  .max(500)
  .overwrite(printable)
  .default('')
  .describe('why, for the audit; one line: control characters are stored as visible escapes');

/** @throws FicusError FICUS_SLICE_UNKNOWN, naming the slices of the config */
export function sliceOf(parts: SliceParts, name = ''): { name: string; config: SliceConfig } {
  const config = Object.hasOwn(parts.config.slices, name) ? parts.config.slices[name] : undefined;
  if (config) return { name, config };
  const known = Object.keys(parts.config.slices).join(', ') || 'none';
  throw new FicusError('FICUS_SLICE_UNKNOWN', `There is no slice “${name}”. The config has: ${known}.`);
}

/** @throws FicusError FICUS_SLICE_UNKNOWN */
export function viewOf(parts: SliceParts, name: string | undefined): SliceView {
  const slice = sliceOf(parts, name);
  const view = buildSliceView(parts, slice.name);
  if (!view) throw new FicusError('FICUS_SLICE_UNKNOWN', `There is no slice “${name}”.`);
  return view;
}

/** @throws FicusError FICUS_CUTOVER_RETIRED, FICUS_CONTROL_NO_TABLES */
export function noStream({ config }: SliceParts, name: string): never {
  if (config.slices[name]?.tables.length === 0) noTables(name);
  throw new FicusError(
    'FICUS_CUTOVER_RETIRED',
    `The slice ${name} is retired: both of its streams have ended.`,
  );
}

/** @throws FicusError FICUS_CONTROL_NO_TABLES */
export function noTables(name: string): never {
  throw new FicusError('FICUS_CONTROL_NO_TABLES', `The slice ${name} has no tables.`);
}

/** Who writes a slice's tables: the inventory, and the observation that it comes from. */
import { type WritersView, writersView } from '@ficus/contract';
import { FicusError } from '@ficus/core';
import { z } from 'zod';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { makeAudited } from '../store/audit-log.ts';
import type { Store } from '../store/open-store.ts';
import type { SliceParts } from '../views/build-slice-view.ts';
import { buildWritersView } from '../views/build-writers-view.ts';
import { noTables, reason, sliceOf } from './slice-of.ts';

export interface WriterEndpointParts extends SliceParts {
  readonly store: Store;
}

export function writerEndpoints(parts: WriterEndpointParts): Endpoint[] {
  const viewOf = (name: string | undefined): WritersView => {
    const slice = sliceOf(parts, name);
    return buildWritersView(parts.writers, slice.name) ?? noTables(slice.name);
  };
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/slices/:name/writers',
      id: 'getWriters',
      summary: 'Who writes the slice’s tables, and whether that is explained',
      answer: writersView,
      handle: ({ params }) => viewOf(params.name),
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/slices/:name/writers/observe',
      id: 'observeWriters',
      summary:
        'Begins to record writers on both sides, or ends it; installs the fences where they are missing',
      body: z
        .strictObject({
          on: z.boolean().describe('false: writers pass unrecorded again; the triggers stay'),
          again: z.boolean().default(false).describe('forget what was found, and begin again'),
          reason,
        })
        .refine(({ on, again }) => on || !again, { path: ['again'], message: 'needs on: true' }),
      answer: writersView,
      role: 'admin',
      handle: async ({ params, body, actor, requireWanted }) => {
        const { slice, observing, since } = viewOf(params.name);
        if (body.on) requireWanted();
        const entry = {
          ...{ actor, action: 'writers-observe', slice, reason: body.reason },
          was: { observing, since },
          became: { observing: body.on, ...(body.again && { again: true }) },
        };
        await makeAudited(parts.store, entry, async () => {
          if (body.on) return refusalOf(parts.writers.begin(slice, body.again));
          await parts.writers.end(slice);
          return undefined;
        });
        return viewOf(slice);
      },
    }),
  ];
}

/** Of these, nothing was changed; after any other error triggers may have been made. */
const CHANGED_NOTHING: ReadonlySet<string> = new Set(['FICUS_WRITERS_NOT_OBSERVED', 'FICUS_FENCE_NOT_OWNER']);

async function refusalOf(change: Promise<void>): Promise<FicusError | undefined> {
  try {
    await change;
    return undefined;
  } catch (error) {
    if (error instanceof FicusError && CHANGED_NOTHING.has(error.code)) return error;
    throw error;
  }
}

/** `legacy:`: the monolith, an upstream like the candidates, and how its framework compares paths. */
import { z } from 'zod';
import { upstreamSchema } from './upstream-schema.ts';
import { isWalBound } from './wal-bound.ts';

export const legacySchema = upstreamSchema
  .extend({
    maxRetainedWal: z
      .string()
      .refine(isWalBound, 'must be a size like 500MB, 20GB or 1TB, or unlimited')
      .optional()
      .describe(
        'most WAL that its database may keep for a slot of Ficus; beyond it the slot is dropped, and the slice must be copied again. By default 20GB, or the server’s max_slot_wal_keep_size where that is set',
      ),
    paths: z
      .strictObject({
        ignoreCase: z
          .boolean()
          .default(false)
          .describe('/API/Notes is /api/notes, as in Express, ASP.NET and IIS by default'),
        ignoreTrailingSlash: z
          .boolean()
          .default(false)
          .describe('/api/notes/ is /api/notes, as in Express and ASP.NET by default'),
      })
      .prefault({})
      .describe(
        'What the monolith treats as the same path: routes match accordingly. A spelling that no route matches goes to the legacy',
      ),
  })
  .describe('the monolith');

/** What counts as the same path. */
export type PathComparison = z.output<typeof legacySchema>['paths'];

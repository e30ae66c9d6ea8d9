/** `legacy:`: the monolith, an upstream like the candidates, and how its framework compares paths. */
import { z } from 'zod';
import { upstreamSchema } from './upstream-schema.ts';

export const legacySchema = upstreamSchema
  .extend({
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

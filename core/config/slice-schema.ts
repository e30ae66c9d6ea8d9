/** `slices.NAME`: the unit of migration. */
import { z } from 'zod';
import { JSON_STRING } from '../parity/json-string.ts';
import { candidateSchema } from './candidate-schema.ts';
import { milliseconds } from './common-schema.ts';
import { guardsSchema } from './guards-schema.ts';
import { foreignWriteSchema, routeSchema } from './route-schema.ts';
import { tableSchema } from './table-schema.ts';
import { writerSchema } from './writer-schema.ts';

/** A JSON path ($.a, $..a, $.*, $[*], $[0], $['a'], $["a"]), a header, or the whole body. */
const RULE_PATH = new RegExp(
  String.raw`^(body|header\.\S+|\$(\.\.?(\*|[^.[\]\s'"*]+)|(\.\.)?\[(\*|\d+|'[^']*'|${JSON_STRING})\])*)$`,
);

const ignoreRule = z.strictObject({
  route: z.string().optional().describe('id of the route; by default all'),
  path: z
    .string()
    .regex(RULE_PATH, 'must be a JSON path ($.a.b, $.items[*].x), header.NAME, or body')
    .describe('JSON path ($.a.b, $.items[*].x), header.NAME, or body'),
  reason: z.string().min(1).describe('why the difference does not matter; verdicts name it'),
  expires: z.iso.date().optional().describe('last day on which the rule applies'),
});

/** Like the places of `ignore`, and parameters of the request. */
const ALLOWED_PATH = new RegExp(`${RULE_PATH.source}|^(query|path)\\.\\S+$`);

const samplesSchema = z
  .union(
    [
      z.enum(['off', 'shapes']),
      z.strictObject({
        allow: z
          .array(
            z
              .string()
              .regex(
                ALLOWED_PATH,
                'must be a JSON path ($.a.b), header.NAME, query.NAME, path.NAME, or body',
              ),
          )
          .describe(
            'places whose values are kept as they are: JSON path ($.state), header.NAME, query.NAME, path.NAME (a parameter of the route), or body',
          ),
      }),
    ],
    'must be off, shapes, or { allow: [PLACE, …] } with places like $.a.b, header.NAME, query.NAME, path.NAME, body',
  )
  .default('shapes')
  .describe(
    'what is kept of answers that differ: off (nothing), or places, with stand-ins of the same shape for values',
  );

const copySchema = z
  .strictObject({
    rowsPerSecond: z
      .int()
      .positive()
      .optional()
      .describe('upper bound of its rate; by default as fast as both databases allow'),
    parallel: z.int().min(1).max(16).default(2).describe('tables copied at the same time'),
    pauseLagMs: milliseconds
      .default(10_000)
      .describe('the copy pauses while the change stream is further behind than this'),
  })
  .describe('The first copy of the tables');

export const sliceSchema = z.strictObject({
  team: z.string().optional().describe('who owns the slice'),
  candidate: candidateSchema,
  routes: z.array(routeSchema).min(1).describe('what belongs to the slice'),
  writtenBy: z
    .array(foreignWriteSchema)
    .default([])
    .describe('requests outside the slice that write its tables; their user then reads that write here'),
  tables: z
    .array(tableSchema)
    .default([])
    .describe('tables that move with the routes; without any, the serve flag moves writes as well'),
  writers: z
    .array(writerSchema)
    .max(200)
    .default([])
    .describe(
      'who changes the tables: `ficus writers SLICE` compares it with what the fence has recorded; of several that match, the first counts',
    ),
  writersObservedMs: milliseconds
    .default(3_600_000)
    .describe('how long writers must have been observed before a cutover; by default an hour'),
  copy: copySchema.prefault({}),
  anonymousBucket: z
    .strictObject({
      cookie: z.string().min(1).default('ficus_bucket').describe('name of the cookie'),
      afterLogin: z
        .enum(['bucket', 'user'])
        .default('bucket')
        .describe(
          'what percentages are sticky by once the caller has logged in. bucket: the cookie, while there is one, so that a login or logout moves no caller to the other side. user: the user, who then has the same side on every device',
        ),
    })
    .optional()
    .describe('give callers without identity a cookie, so that percentages apply to them and are sticky'),
  onBreakerOpen: z
    .enum(['legacy', 'fail'])
    .default('legacy')
    .describe(
      'what happens to requests that the candidate would serve while its breaker is open: reads, and writes of a slice without tables. With fail, failing health checks move none of them',
    ),
  parity: z.strictObject({ ignore: z.array(ignoreRule).default([]), samples: samplesSchema }).prefault({}),
  guards: guardsSchema.default({}),
});

export type SliceConfig = z.output<typeof sliceSchema>;
export type CopyConfig = z.output<typeof copySchema>;
export type SamplesConfig = z.output<typeof samplesSchema>;
export type IgnoreRule = z.output<typeof ignoreRule>;

/** `slices.NAME.guards`: the bounds to meet before more traffic moves to the candidate. */
import { z } from 'zod';
import { milliseconds } from './common-schema.ts';

export const guardsSchema = z
  .strictObject({
    parity: z
      .strictObject({
        min: z
          .number()
          .min(0)
          .max(1)
          .default(0.999)
          .describe('share of matches among comparisons that count'),
        samples: z
          .int()
          .positive()
          .default(1000)
          .describe('fewest comparisons for an answer; the bound itself may need more'),
      })
      .optional(),
    lag: z
      .strictObject({ maxMs: milliseconds.describe('how far behind the change stream may be') })
      .optional(),
    errors: z
      .strictObject({ maxRatio: z.number().positive() })
      .optional()
      .describe(
        'candidate’s error share divided by the legacy’s; not supported by this version: setting it is an error',
      ),
    latency: z
      .strictObject({ p99MaxRatio: z.number().positive() })
      .optional()
      .describe(
        'candidate’s p99 divided by the legacy’s; not supported by this version: setting it is an error',
      ),
  })
  .describe('Conditions that hold before `ficus serve` raises the candidate’s share');

export type GuardsConfig = z.output<typeof guardsSchema>;

/** Guards that the schema knows but that are not implemented yet: a config that names one is refused. */
export const UNEVALUATED_GUARDS = ['errors', 'latency'] as const satisfies readonly (keyof GuardsConfig)[];

/** Guards that can hold a step back; control/guards/guard-registry.ts has one for each. */
export type EvaluatedGuard = Exclude<keyof GuardsConfig, (typeof UNEVALUATED_GUARDS)[number]>;

/** The bound that the config sets for a guard. */
export type GuardBound<K extends EvaluatedGuard> = NonNullable<GuardsConfig[K]>;

/** `slices.NAME.guards`: the bounds to meet before more traffic moves to the candidate. */
import { z } from 'zod';
import { milliseconds } from './common-schema.ts';

/** The bound of a guard that does not exist yet. */
const notYet = <Bound extends z.ZodType>(bound: Bound, meaning: string) =>
  bound.optional().describe(`${meaning}; not supported by this version: setting it is an error`);

/** Guards that do not exist yet: a config that names one is refused. To add the guard, move its key to guardsSchema. */
const unevaluated = {
  errors: notYet(
    z.strictObject({ maxRatio: z.number().positive() }),
    'candidate’s error share divided by the legacy’s',
  ),
  latency: notYet(
    z.strictObject({ p99MaxRatio: z.number().positive() }),
    'candidate’s p99 divided by the legacy’s',
  ),
};

export const guardsSchema = z
  .strictObject({
    parity: z
      .strictObject({
        min: z
          .number()
          .min(0)
          .max(1)
          .default(0.999)
          .describe(
            'share of comparisons that match, or differ only where rules explain it; of the candidate’s current version',
          ),
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
    ...unevaluated,
  })
  .describe('Conditions that hold before `ficus serve` raises the candidate’s share');

export type GuardsConfig = z.output<typeof guardsSchema>;

export const UNEVALUATED_GUARDS = Object.keys(unevaluated);

/** Guards that can hold a step back; control/guards/guard-registry.ts has one for each. */
export type EvaluatedGuard = Exclude<keyof GuardsConfig, keyof typeof unevaluated>;

/** The bound that the config sets for a guard. */
export type GuardBound<K extends EvaluatedGuard> = NonNullable<GuardsConfig[K]>;

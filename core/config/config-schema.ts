/** The whole of ficus.yaml: one shape for each area. The rules that join areas are in join-rules.ts. */
import { z } from 'zod';
import { controlSchema, flagsSchema } from './control-schema.ts';
import { legacySchema } from './legacy-schema.ts';
import { proxySchema } from './proxy-schema.ts';
import { sliceSchema } from './slice-schema.ts';

export const sliceName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*$/, 'a slice’s name consists of lower case letters, digits and hyphens');

export const configSchema = z.strictObject({
  version: z.literal(1).describe('version of this format'),
  proxy: proxySchema.prefault({}),
  control: controlSchema.optional(),
  flags: flagsSchema.prefault({}),
  legacy: legacySchema,
  slices: z.record(sliceName, sliceSchema).default({}).describe('slices to migrate, by name'),
});

export type FicusConfig = z.output<typeof configSchema>;
/** What a user may write: defaults left out. */
export type FicusConfigInput = z.input<typeof configSchema>;

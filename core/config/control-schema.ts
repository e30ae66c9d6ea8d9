/** `control:` and `flags:`. */
import { z } from 'zod';
import { httpUrl, listenAddress, postgresUrl } from './common-schema.ts';

export const controlSchema = z
  .strictObject({
    listen: listenAddress.default('127.0.0.1:8081').describe('admin API and dashboard'),
    database: postgresUrl.optional().describe('where flags, owners and audit live'),
    token: z
      .string()
      .min(8)
      .optional()
      .describe('bearer token that the admin API requires; without one, it must listen on loopback'),
  })
  .describe('The control plane');

export const flagsSchema = z
  .strictObject({
    provider: z.enum(['builtin', 'file', 'unleash']).default('builtin').describe('where flags come from'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('provider file: Unleash client-features format, watched; relative to the config file'),
    unleash: z
      .strictObject({
        url: httpUrl.describe('base of the client API, ending in /api'),
        token: z.string().min(1).describe('client token'),
        adminToken: z
          .string()
          .optional()
          .describe('admin token; with it `ficus serve` and `ficus shadow` flip flags'),
        refreshMs: z.int().positive().default(1000).describe('how often flags are polled, in milliseconds'),
      })
      .optional(),
  })
  .describe('Feature flags')
  .superRefine((flags, context) => {
    if (flags.provider === 'file' && !flags.file)
      context.addIssue({ code: 'custom', path: ['file'], message: 'is required by provider file' });
    if (flags.provider === 'unleash' && !flags.unleash)
      context.addIssue({ code: 'custom', path: ['unleash'], message: 'is required by provider unleash' });
  });

export type FlagsConfig = z.output<typeof flagsSchema>;

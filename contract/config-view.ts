/** What the API returns about the config that a process runs. */
import { z } from 'zod';
import { count, isoTime } from './common-view.ts';

/** core's ConfigRefusal. */
export const configRefusalView = z.object({
  since: isoTime.describe('since when the changed file has been refused'),
  count: count.describe('problems in all'),
  problems: z.array(z.object({ path: z.string(), message: z.string() })).describe('the first of them'),
  needsRestart: z.boolean().optional().describe('the file is valid, and takes effect at the next start'),
});

export const runningConfigView = z.object({
  appliedAt: isoTime.describe('start, or last change that took effect'),
  refused: configRefusalView.nullable().describe('null while the process runs the config of its file'),
  needsRestart: z.array(z.string()).describe('changed areas that take effect at the next start'),
});

export type ConfigRefusalView = z.output<typeof configRefusalView>;
export type RunningControlConfig = z.output<typeof runningConfigView>;

import type { z } from 'zod';

/** A path that answers without the admin API's conventions, described for the OpenAPI document. */
export interface Probe {
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  /** Media type of every answer. */
  readonly type: 'application/json' | 'application/jwk-set+json' | 'text/plain';
  readonly answer: z.ZodType;
  /** The meaning of each status. */
  readonly statuses: Readonly<Record<number, string>>;
}

/** The service's schema: the numbered files of schema/. The tables stay empty: rows come by change data capture. */
import { type AppliedSchema, SchemaSteps } from '@ficus-sample/chassis/schema-steps.ts';

const steps = new SchemaSteps({ folder: new URL('./schema/', import.meta.url), advisoryLock: 0x07f1 });

/** Applies what is missing. */
export function applySchema(url: string): Promise<AppliedSchema> {
  return steps.apply(url);
}

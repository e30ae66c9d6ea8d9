/** The shop's schema: the numbered files of schema/, then the indexes. */
import { readFileSync } from 'node:fs';
import { type AppliedSchema, SchemaSteps } from '@ficus-sample/chassis/schema-steps.ts';

const steps = new SchemaSteps({
  folder: new URL('./schema/', import.meta.url),
  advisoryLock: 0x5409,
  afterwards: readIndexes,
});

/** The version that this program needs. */
export const SCHEMA_VERSION = steps.version;

/** Applies what is missing. */
export function applySchema(url: string): Promise<AppliedSchema> {
  return steps.apply(url);
}

/** Statements that create the secondary indexes; harmless when they exist. */
export function readIndexes(): string {
  return readFileSync(new URL('./indexes.sql', import.meta.url), 'utf8');
}

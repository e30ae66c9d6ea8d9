/** What a launcher or a test needs before the shop runs; the shop itself is a process: node legacy-monolith/main.ts */
export { schemaVersion } from '@ficus-sample/chassis/schema-steps.ts';
export { applySchema, SCHEMA_VERSION } from './database/apply-schema.ts';
export { isSeeded, type SeedOptions, type SeedResult, seed } from './database/seed.ts';

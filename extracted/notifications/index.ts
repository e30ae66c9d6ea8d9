/** What a launcher or a test needs before the service runs; the service itself is a process: node extracted/notifications/main.ts */
export { applySchema } from './database/apply-schema.ts';

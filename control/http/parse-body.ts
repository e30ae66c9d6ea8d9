/** The one boundary where a request's body becomes typed. Problems are reported with their paths. */
import { FicusError, formatPath } from '@ficus/core';
import type { z } from 'zod';

/** A body of a megabyte can have a hundred thousand problems; an answer lists this many. */
const MOST_PROBLEMS = 20;

/** @throws FicusError FICUS_CONTROL_REQUEST_INVALID with the first problems in `details.errors` */
export function parseBody<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.slice(0, MOST_PROBLEMS).map((issue) => ({
    path:
      issue.path.length === 0 ? 'request' : formatPath(issue.path.filter((step) => typeof step !== 'symbol')),
    message: issue.message,
  }));
  throw new FicusError(
    'FICUS_CONTROL_REQUEST_INVALID',
    errors.map(({ path, message }) => `${path}: ${message}`).join('; '),
    { details: { errors } },
  );
}

/**
 * The one error class. Its code is an entry of the catalogue, which determines the HTTP status, the exit code, the
 * remedy and docs/errors.md. Mapped to problem+json (RFC 9457) and to exit codes at one boundary each.
 */
import { catalogue, type ErrorCode } from './catalogue.ts';

export interface FicusErrorOptions {
  readonly cause?: unknown;
  /** Facts for logs and problem+json; never secrets or personal data. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An error with a code of the catalogue. `message` is one clear sentence about the specific case. */
export class FicusError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: FicusErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FicusError';
    this.code = code;
    this.details = options.details ?? {};
  }

  /** What to do about it, from the catalogue. */
  get remedy(): string {
    return catalogue[this.code].remedy;
  }
}

/** RFC 9457 problem details. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: ErrorCode;
}

/** The problem document for an error; its detail must be safe to publish. */
export function toProblem(code: ErrorCode, detail?: string): Problem {
  const { title, status } = catalogue[code];
  return {
    type: `urn:ficus:error:${code}`,
    title,
    status,
    ...(detail === undefined ? {} : { detail }),
    code,
  };
}

/**
 * What a method promises, and with it whether a request may be asked twice. Everything that repeats a request, and
 * everything that sorts requests into reads and writes, asks here and nowhere else. TRACE and CONNECT are in no list:
 * the proxy serves neither.
 *
 * | question                                             | asked by                                  | answer         |
 * | ---------------------------------------------------- | ----------------------------------------- | -------------- |
 * | does it change nothing?                              | route kinds, fallback, retry of an answer | `isSafe`       |
 * | is twice the same as once, where an answer is missing? | retry of a failure, stale connection    | `isIdempotent` |
 * | is its answer worth comparing?                       | shadow copy, confirmation of a mismatch   | `isComparable` |
 */
const COMPARABLE = ['GET', 'HEAD'] as const;
const SAFE = [...COMPARABLE, 'OPTIONS'] as const;
const IDEMPOTENT = [...SAFE, 'PUT', 'DELETE'] as const;

const comparable: ReadonlySet<string> = new Set(COMPARABLE);
const safe: ReadonlySet<string> = new Set(SAFE);
const idempotent: ReadonlySet<string> = new Set(IDEMPOTENT);

/** RFC 9110 section 9.2.1: the request changes nothing, so it may be sent again, anywhere, even after an answer. */
export function isSafe(method: string): boolean {
  return safe.has(method);
}

/**
 * RFC 9110 section 9.2.2: the same request twice has the effect of one. Valid for the same side only: a PUT that may
 * have reached one side must not reach the other.
 */
export function isIdempotent(method: string): boolean {
  return idempotent.has(method);
}

/**
 * The answer is a representation by which both sides can be compared; an answer to OPTIONS describes what a server can
 * do.
 */
export function isComparable(method: string): boolean {
  return comparable.has(method);
}

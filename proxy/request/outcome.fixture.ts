/** A failed exchange for the case tables of what follows it: refused by the upstream unless the test says otherwise. */
import type { Failed } from '../wire/outcome.ts';

export function failed(over: Partial<Failed> = {}): Failed {
  return {
    kind: 'failed',
    side: 'upstream',
    phase: 'connect',
    cause: 'refused',
    detail: '',
    status: 0,
    mayHaveBeenSent: false,
    responseStarted: false,
    bodyTaken: false,
    requestBodyBytes: 0,
    responseBodyBytes: 0,
    connectMs: 0,
    firstByteMs: 0,
    totalMs: 0,
    reused: false,
    retriedStale: false,
    ...over,
  };
}

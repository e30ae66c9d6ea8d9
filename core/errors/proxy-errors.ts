import type { ErrorEntry } from './error-entry.ts';

/** The data plane. */
export const proxyErrors = {
  FICUS_PROXY_BAD_REQUEST: {
    status: 400,
    exit: 3,
    title: 'The request is malformed',
    remedy: 'Send a request that follows RFC 9110 and RFC 9112.',
    retry: 'never',
  },
  FICUS_PROXY_UPSTREAM_UNREACHABLE: {
    status: 502,
    exit: 3,
    title: 'The upstream cannot be reached',
    remedy: 'See whether the upstream runs and listens where ficus.yaml says.',
    retry: 'timed',
  },
  FICUS_PROXY_UPSTREAM_INVALID: {
    status: 502,
    exit: 3,
    title: 'The upstream answered with something that is not HTTP/1.1',
    remedy: 'See the log line for the phase and the reason; the upstream has to be mended.',
    retry: 'never',
  },
  FICUS_PROXY_UPSTREAM_TIMEOUT: {
    status: 504,
    exit: 3,
    title: 'The upstream did not answer in time',
    remedy: 'See why the upstream is slow, or raise its timeout in ficus.yaml.',
    retry: 'timed',
  },
  FICUS_PROXY_OVERLOADED: {
    status: 503,
    exit: 3,
    title: 'The proxy is at its configured limit',
    remedy: 'Try again later; raise the limit if the machine has room.',
    retry: 'timed',
  },
  FICUS_PROXY_UPSTREAM_ILL: {
    status: 503,
    exit: 3,
    title: 'The upstream failed repeatedly and is left alone for a while',
    remedy: 'Try again after the time in Retry-After; see the upstream’s failures in the log.',
    retry: 'timed',
  },
} as const satisfies Record<string, ErrorEntry>;

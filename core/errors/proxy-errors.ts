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
  FICUS_TLS_EXPECTED: {
    status: 400,
    exit: 3,
    title: 'Plain HTTP was sent to a port that speaks HTTPS',
    remedy: 'Use the https:// URL.',
    retry: 'never',
  },
  FICUS_PROXY_UNSUPPORTED: {
    status: 501,
    exit: 3,
    title:
      'The proxy does not serve requests of this kind (405 for a method, 505 for another major version of HTTP)',
    remedy: 'Use HTTP/1.1, no transfer coding but chunked, and a method other than TRACE and CONNECT.',
    retry: 'never',
  },
  FICUS_PROXY_HEAD_TOO_LARGE: {
    status: 431,
    exit: 3,
    title: 'The head of the request exceeds a limit (414 for the target)',
    remedy: 'Send a shorter target or fewer fields, or raise proxy.limits in ficus.yaml.',
    retry: 'manual',
  },
  FICUS_PROXY_BODY_TOO_LARGE: {
    status: 413,
    exit: 3,
    title: 'The body of the request exceeds a limit',
    remedy: 'Send a smaller body, or raise bodyBytes of the route or of proxy.limits in ficus.yaml.',
    retry: 'manual',
  },
  FICUS_PROXY_REQUEST_TIMEOUT: {
    status: 408,
    exit: 3,
    title: 'The request did not arrive in time',
    remedy: 'Send it again; for slow clients raise proxy.timeouts in ficus.yaml.',
    retry: 'timed',
  },
  FICUS_PROXY_UPSTREAM_UNREACHABLE: {
    status: 502,
    exit: 3,
    title: 'The upstream cannot be reached',
    remedy: 'Check that the upstream runs and listens where ficus.yaml says.',
    retry: 'timed',
  },
  FICUS_PROXY_UPSTREAM_RESET: {
    status: 502,
    exit: 3,
    title: 'The upstream closed the connection before its response was complete',
    remedy: 'Look in the upstream’s log for a crash, a restart or a timeout.',
    retry: 'timed',
  },
  FICUS_PROXY_UPSTREAM_INVALID: {
    status: 502,
    exit: 3,
    title: 'The upstream’s response is not valid HTTP/1.1',
    remedy: 'The log line names the phase and the reason; fix the upstream.',
    retry: 'never',
  },
  FICUS_PROXY_UPSTREAM_TIMEOUT: {
    status: 504,
    exit: 3,
    title: 'The upstream did not answer in time',
    remedy: 'Find out why the upstream is slow, or raise its timeout in ficus.yaml.',
    retry: 'timed',
  },
  FICUS_PROXY_INTROSPECTION_UNCLEAR: {
    status: 502,
    exit: 3,
    title: 'Introspection does not say who calls',
    remedy:
      'Let the path of `introspect` answer 401 or null to guests, and to users JSON that names them where `field` says; callers for whom it answers anything else are served by the legacy.',
    retry: 'manual',
  },
  FICUS_PROXY_OVERLOADED: {
    status: 503,
    exit: 3,
    title: 'The proxy is at its configured limit',
    remedy: 'Retry later; raise the limit if the machine has room.',
    retry: 'timed',
  },
  FICUS_PROXY_STREAM_NOT_PASSED: {
    status: 502,
    exit: 3,
    title: 'The upstream has acted, but its event stream could not be passed on',
    remedy:
      'Check what the request has done before you repeat it; raise `pool.streams`, or leave it out: as many event streams and upgrades were open as it allows.',
    retry: 'manual',
  },
  FICUS_PROXY_BREAKER_OPEN: {
    status: 503,
    exit: 3,
    title: 'The upstream is unhealthy; its circuit breaker is open',
    remedy: 'Retry after the time in Retry-After; the log has the upstream’s failures.',
    retry: 'timed',
  },
  FICUS_PROXY_PATHS_DIFFER: {
    status: 502,
    exit: 3,
    title: 'The monolith takes other spellings of a path for the same one',
    remedy:
      'Set `legacy.paths.ignoreCase` or `ignoreTrailingSlash` as it is in the monolith’s framework; until then such spellings go to the monolith, and their writes pin no user.',
    retry: 'manual',
  },
  FICUS_PROXY_HEALTH_CHECK_FAILED: {
    status: 502,
    exit: 3,
    title: 'An upstream does not pass its health check',
    remedy:
      'Ask the path yourself, without credentials. Correct `health.path` or `health.status`, or the upstream: while all checks of a candidate fail, the legacy serves in its place.',
    retry: 'manual',
  },
  FICUS_PROXY_WRITES_HELD: {
    status: 503,
    exit: 3,
    title: 'Writes are held while the owner of the slice changes',
    remedy:
      'Retry after the time in Retry-After: the write was sent to neither side. `ficus status SLICE` shows the cutover or rollback under way.',
    retry: 'timed',
  },
} as const satisfies Record<string, ErrorEntry>;

/**
 * Why the proxy refuses a request before any side sees it: label `reason` of `ficus_refused_total`, field `reason` of
 * the log line. A parse error not listed here keeps llhttp's name (`invalid-header-token`); a valid request that the
 * proxy abandons is counted under its error code (docs/errors.md).
 */
import type { Word } from '../words/word.ts';

export const refusals = {
  'target-too-long': { means: 'The request target is longer than `proxy.limits.targetBytes`.', action: '' },
  'too-many-headers': { means: 'There are more fields than `proxy.limits.headerCount`.', action: '' },
  'head-too-large': { means: 'The head is larger than `proxy.limits.headerBytes`.', action: '' },
  'too-many-connections': {
    means:
      'The limit of client connections was reached (`proxy.limits.connections`); the connection was closed.',
    action: 'Add proxies, or raise the limit if the machine has room.',
  },
  'request-timeout': {
    means: 'The head of the request did not arrive within `proxy.timeouts.headersMs`.',
    action: '',
  },
  'body-too-large': {
    means: 'Content-Length exceeds `bodyBytes` of the route, or `proxy.limits.bodyBytes`.',
    action: '',
  },
  'plain-http': {
    means: 'A client spoke plain HTTP to a TLS listener.',
    action: 'Give the client the https:// URL.',
  },
  'handshake-timeout': {
    means: 'The TLS handshake took longer than `proxy.timeouts.headersMs`.',
    action: '',
  },
  'handshake-failed': {
    means: 'The client’s bytes are no TLS handshake, or the two share no cipher or protocol.',
    action: '',
  },
  'tls-version': {
    means: 'The client speaks no version of TLS from `proxy.tls.minVersion` on.',
    action: '',
  },
  'certificate-refused': {
    means: 'The client does not accept the proxy’s certificate.',
    action: 'Look at its expiry, its names and the intermediate certificates in `proxy.tls.cert`.',
  },
  'client-certificate-missing': {
    means: 'The client has no certificate, and `proxy.tls.clientAuth` requires one.',
    action: '',
  },
  'client-certificate-invalid': {
    means: 'The client’s certificate has expired, or no authority of `proxy.tls.ca` has signed it.',
    action: 'The log line says which.',
  },
  'client-gone': { means: 'The client closed the connection before its request was complete.', action: '' },
  'method-refused': { means: 'TRACE and CONNECT are not served.', action: '' },
  'method-unknown': { means: 'The method is not written in upper case, or is no method at all.', action: '' },
  'version-missing': { means: 'The request line names no version of HTTP.', action: '' },
  'version-unknown': {
    means: 'The version is not HTTP/1, or the protocol is another one (RTSP, ICE).',
    action: '',
  },
  'host-missing': { means: 'An HTTP/1.1 request has no Host field.', action: '' },
  'host-invalid': { means: 'The Host field is not a host name with an optional port.', action: '' },
  'duplicate-host': { means: 'There is more than one Host field.', action: '' },
  'duplicate-content-length': { means: 'There is more than one Content-Length.', action: '' },
  'two-framings': {
    means: 'Content-Length and Transfer-Encoding together: an attempt at smuggling.',
    action: '',
  },
  'transfer-encoding-invalid': { means: 'The last transfer coding is not chunked.', action: '' },
  'transfer-encoding-unknown': { means: 'Only the transfer coding chunked is supported.', action: '' },
  'transfer-encoding-in-1.0': { means: 'An HTTP/1.0 request has a Transfer-Encoding.', action: '' },
  malformed: { means: 'The request is not valid HTTP/1.1.', action: '' },
  'target-invalid': { means: 'The request target has a form that is not served.', action: '' },
  'path-ambiguous': {
    means:
      'Servers would read the path in different ways (a backslash, a broken escape, `%00`, `#`, a hidden dot segment), and the ways lead to different routes, or out of a base path.',
    action: 'If one of your clients sends it, make it escape the path once, correctly.',
  },
} as const satisfies Record<string, Word>;

export type RefusalReason = keyof typeof refusals;

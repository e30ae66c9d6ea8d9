/**
 * The fields that belong to one connection and are never passed on as they came (RFC 9110 section 7.6.1), in requests
 * and responses. request-head.ts, field-class.ts (responses) and forward/request-body.ts (trailers) build their
 * tables from this list when they are loaded.
 */
export const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'upgrade',
  // The credentials of a proxy are meant for this hop alone.
  'proxy-authenticate',
  'proxy-authorization',
] as const;

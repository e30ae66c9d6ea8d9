/**
 * How each header of a response is compared. Headers not named here are compared value by value; only a rule with a
 * name and a reason skips a header.
 */

export type HeaderComparison =
  /** The values themselves. */
  | 'exact'
  /** The same elements, regardless of order, case of names and white space. */
  | 'list'
  /** Type, subtype and parameters, regardless of case and quoting. */
  | 'media-type'
  /** The target, without each side's own origin. */
  | 'location'
  /** Cookie by cookie: name, attributes, and whether there is a value. */
  | 'cookies'
  /** Only its presence: each implementation produces its own values. */
  | 'presence';

interface PassedOver {
  readonly rule: string;
  readonly why: string;
  readonly headers: readonly string[];
}

/** The default rules: headers that say nothing about behaviour. */
const PASSED_OVER: readonly PassedOver[] = [
  {
    rule: 'hop-by-hop',
    why: 'they belong to one connection (RFC 9110 section 7.6.1)',
    headers: [
      'connection',
      'keep-alive',
      'proxy-connection',
      'proxy-authenticate',
      'te',
      'trailer',
      'transfer-encoding',
      'upgrade',
      'via',
      'alt-svc',
    ],
  },
  { rule: 'clock', why: 'they say when it was answered', headers: ['date', 'age'] },
  {
    rule: 'software',
    why: 'they say what answered',
    headers: ['server', 'x-powered-by', 'x-ficus-side', 'x-ficus-reason'],
  },
  {
    rule: 'request-ids',
    why: 'they are different for each request',
    headers: [
      'x-request-id',
      'x-correlation-id',
      'request-id',
      'traceparent',
      'tracestate',
      'traceresponse',
      'x-trace-id',
      'x-amzn-trace-id',
    ],
  },
  {
    rule: 'timing',
    why: 'they say how long it took',
    headers: ['server-timing', 'x-response-time', 'x-runtime'],
  },
  {
    rule: 'rate-limits',
    why: 'they count the requests of one process',
    headers: [
      'x-ratelimit-limit',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
      'ratelimit',
      'ratelimit-limit',
      'ratelimit-policy',
      'ratelimit-remaining',
      'ratelimit-reset',
    ],
  },
  {
    rule: 'framing',
    why: 'the body itself is compared, decompressed',
    headers: ['content-length', 'content-encoding', 'content-md5', 'digest', 'content-digest'],
  },
];

const passedOver = new Set(PASSED_OVER.flatMap((rule) => rule.headers));

const COMPARISONS: Readonly<Record<string, HeaderComparison>> = {
  'content-type': 'media-type',
  accept: 'list',
  'accept-ranges': 'list',
  'access-control-allow-headers': 'list',
  'access-control-allow-methods': 'list',
  'access-control-expose-headers': 'list',
  allow: 'list',
  'cache-control': 'list',
  pragma: 'list',
  vary: 'list',
  location: 'location',
  'content-location': 'location',
  'set-cookie': 'cookies',
  etag: 'presence',
  'last-modified': 'presence',
  expires: 'presence',
};

/** How a header is compared; `undefined` when a default rule skips it. */
export function headerComparison(name: string): HeaderComparison | undefined {
  if (passedOver.has(name)) return undefined;
  return Object.hasOwn(COMPARISONS, name) ? COMPARISONS[name] : 'exact';
}

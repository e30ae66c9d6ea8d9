/**
 * Fields that services believe because a proxy before them sets them: the client's address, its certificate, the URL
 * that it asked for. From a peer that is no trusted proxy, they are a stranger's claim. X-Forwarded-* and x-ficus-* are
 * covered as a whole by removed-fields.ts.
 */
export const PROXY_FIELDS: readonly string[] = [
  // The client's address: nginx, Apache, Akamai, Cloudflare, Fastly, Fly, Azure, App Engine, Envoy, PHP's own name.
  'x-real-ip',
  'x-client-ip',
  'client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'fastly-client-ip',
  'fly-client-ip',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-appengine-user-ip',
  'x-envoy-external-address',
  'x-original-forwarded-for',
  'x-original-for',
  'x-original-host',
  'x-original-proto',
  // The URL: frameworks route by these in place of the request line, past the routes and guards of the proxy.
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  // The client's certificate: RFC 9440, ingress-nginx, Azure.
  'client-cert',
  'client-cert-chain',
  'ssl-client-cert',
  'ssl-client-verify',
  'ssl-client-subject-dn',
  'ssl-client-issuer-dn',
  'x-ssl-client-cert',
  'x-ssl-client-verify',
  'x-ssl-client-s-dn',
  'x-ssl-client-dn',
  'x-arr-clientcert',
];

/**
 * Passed on from no peer. CGI programs read `Proxy` as HTTP_PROXY, the proxy for their own requests (httpoxy,
 * CVE-2016-5385); no standard defines it.
 */
export const NEVER_PASSED: readonly string[] = ['proxy'];

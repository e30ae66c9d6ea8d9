/**
 * Fields that services believe because a proxy before them sets them: the client's address and scheme, its certificate.
 * From a peer that is no trusted proxy, they are a stranger's claim. X-Forwarded-* and x-ficus-* are covered as a whole
 * by removed-fields.ts. Fields that route (core's ROUTING_FIELDS) do not even pass from a trusted proxy, unless
 * `proxy.passFields` names them: most load balancers pass a client's through.
 */
export const PROXY_FIELDS: readonly string[] = [
  // The client's address: nginx, Apache, Akamai, Cloudflare, Fastly, Fly, Azure, App Engine, Envoy, WebLogic, and names
  // that libraries look for.
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
  'proxy-client-ip',
  'wl-proxy-client-ip',
  'x-proxyuser-ip',
  'http-client-ip',
  'http-x-forwarded-for',
  // The client's scheme: ingress-nginx, Heroku's and Microsoft's front ends.
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
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

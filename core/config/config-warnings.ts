/**
 * What a valid config leaves weak. `ficus check` prints each with its path; nothing is refused for it. A concern is one
 * function in the list below.
 */
import { splitHostPort } from '../net/host-port.ts';
import { isLoopback } from '../net/is-loopback.ts';
import { isWideNetwork } from '../net/is-wide-network.ts';
import { hasCredentials } from '../net/url-credentials.ts';
import type { ConfigProblem } from './config-problem.ts';
import type { FicusConfig } from './config-schema.ts';
import { LEAST_TOKEN } from './control-schema.ts';

type Warn = (config: FicusConfig) => readonly ConfigProblem[];

const CONCERNS: readonly Warn[] = [
  warnOfShortSecrets,
  warnOfSharedSecret,
  warnOfTrustInAll,
  warnOfUnverified,
  warnOfAnyIssuer,
  warnOfShortTokens,
  warnOfCredentials,
  warnOfUnknownCallers,
  warnOfNamelessCallers,
  warnOfPlainListeners,
  warnOfAgelessEvidence,
];

/** All warnings; a message says what to do. */
export function warnAboutConfig(config: FicusConfig): ConfigProblem[] {
  return CONCERNS.flatMap((warn) => warn(config));
}

/** RFC 7518 section 3.2: a key of HS256 is at least as long as its hash. */
const HS256_KEY_BYTES = 32;

function warnOfShortSecrets({ proxy }: FicusConfig): ConfigProblem[] {
  const { assert, jwt } = proxy.identify;
  return [
    { path: ['proxy', 'identify', 'assert', 'secret'], secret: assert?.secret },
    { path: ['proxy', 'identify', 'jwt', 'secret'], secret: jwt?.secret },
  ].flatMap(({ path, secret }) => {
    const bytes = secret === undefined ? undefined : new TextEncoder().encode(secret).length;
    if (bytes === undefined || bytes >= HS256_KEY_BYTES) return [];
    const message = `has ${bytes} bytes; HS256 needs ${HS256_KEY_BYTES} or more (RFC 7518 section 3.2): make one with \`openssl rand -base64 32\``;
    return [{ path, message }];
  });
}

function warnOfSharedSecret({ proxy }: FicusConfig): ConfigProblem[] {
  const { assert, jwt } = proxy.identify;
  if (assert?.secret === undefined || assert.secret !== jwt?.secret) return [];
  const message =
    'is the secret of jwt, too: every candidate that verifies assertions could sign tokens that the monolith believes. Give it one of its own, or use assert.keys';
  return [{ path: ['proxy', 'identify', 'assert', 'secret'], message }];
}

/** Trusted peers say who and where a client is. */
function warnOfTrustInAll({ proxy }: FicusConfig): ConfigProblem[] {
  const { user, session, tenant } = proxy.identify;
  const lists = {
    trustedProxies: proxy.trustedProxies,
    'force.trustedNetworks': proxy.force?.trustedNetworks,
    'identify.user.trustedFrom': user?.trustedFrom,
    'identify.session.trustedFrom': session?.trustedFrom,
    'identify.tenant.trustedFrom': tenant?.trustedFrom,
  };
  return Object.entries(lists).flatMap(([key, networks = []]) => {
    const wide = networks.find(isWideNetwork);
    if (wide === undefined) return [];
    const message = `names nearly every machine (${wide}), so any client is believed: write the networks that are meant`;
    return [{ path: ['proxy', ...key.split('.')], message }];
  });
}

function warnOfUnverified({ legacy, slices }: FicusConfig): ConfigProblem[] {
  const upstreams = [
    { path: ['legacy'], tls: legacy.tls },
    ...Object.entries(slices).map(([name, { candidate }]) => ({
      path: ['slices', name, 'candidate'],
      tls: candidate.tls,
    })),
  ];
  return upstreams
    .filter(({ tls }) => tls?.verify === false)
    .map(({ path }) => ({
      path: [...path, 'tls', 'verify'],
      message:
        'is false: any machine on the way may answer as the upstream and read what it gets; name its authority in tls.ca instead',
    }));
}

/** On loopback any program of the machine may try tokens; control-schema.ts refuses short ones elsewhere. */
function warnOfShortTokens({ control }: FicusConfig): ConfigProblem[] {
  if (!control) return [];
  const all = [
    { path: ['control', 'token'], token: control.token ?? '' },
    ...control.tokens.map(({ token }, index) => ({ path: ['control', 'tokens', index, 'token'], token })),
  ];
  return all
    .filter(({ token }) => token !== '' && token.length < LEAST_TOKEN)
    .map(({ path, token }) => ({
      path,
      message: `has ${token.length} characters; ${LEAST_TOKEN} or more cannot be guessed: make one with \`openssl rand -base64 24\``,
    }));
}

/** Who listens in on the way reads tokens, and can then do what they may do. */
function warnOfPlainListeners({ proxy, control }: FicusConfig): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (proxy.admin !== undefined && !isLoopback(splitHostPort(proxy.admin).host))
    problems.push({
      path: ['proxy', 'admin'],
      message:
        'other machines can reach it, without TLS and without a token: metrics, URLs and routes are read there, and tokens of `ficus explain` and `ficus status` travel in the clear. Listen on loopback, or let a firewall admit only those that probe and scrape it',
    });
  if (control === undefined) return problems;
  const inTheClear = 'tokens travel in the clear';
  if (control.tls === undefined && !isLoopback(splitHostPort(control.listen).host))
    problems.push({
      path: ['control', 'listen'],
      message: `other machines use it without TLS, and ${inTheClear}: set control.tls, and on other machines control.url: https://…`,
    });
  if (control.url?.startsWith('http:') && !isLoopback(new URL(control.url).hostname))
    problems.push({
      path: ['control', 'url'],
      message: `is not https, and ${inTheClear}: set control.tls there`,
    });
  return problems;
}

/** A candidate that cannot know its callers answers all of them as guests. */
function warnOfUnknownCallers({ proxy, slices }: FicusConfig): ConfigProblem[] {
  if (proxy.identify.assert !== undefined) return [];
  return Object.entries(slices).flatMap(([name, { candidate }]) =>
    candidate.credentials === undefined
      ? [
          {
            path: ['slices', name, 'candidate', 'credentials'],
            message:
              'is not set: the service gets neither the session cookie nor Authorization, and without proxy.identify.assert it cannot know who calls. Set assert, or name what it gets: [session], [authorization], both, or [] for neither',
          },
        ]
      : [],
  );
}

/** Without a name there is nothing that a percentage could be sticky by. */
function warnOfNamelessCallers({ proxy, slices }: FicusConfig): ConfigProblem[] {
  const { user, session } = proxy.identify;
  if ((user ?? session) !== undefined) return [];
  const names = Object.keys(slices).filter((name) => slices[name]!.anonymousBucket === undefined);
  if (names.length === 0) return [];
  const message = `names neither user nor session, so callers cannot be identified: \`ficus serve\` has no effect between 0 and 100 % (${names.join(', ')}). Name one, or set the slice’s anonymousBucket`;
  return [{ path: ['proxy', 'identify'], message }];
}

/** Without them, any token counts that the issuer's key has signed, for whatever application. */
function warnOfAnyIssuer({ proxy }: FicusConfig): ConfigProblem[] {
  const { jwt } = proxy.identify;
  if (jwt === undefined) return [];
  return (['issuer', 'audience'] as const).flatMap((key) =>
    jwt[key] === undefined
      ? [
          {
            path: ['proxy', 'identify', 'jwt', key],
            message: `is not set: a token that was issued for another ${key === 'issuer' ? 'realm' : 'application'} counts too; name the ${key} that your tokens carry`,
          },
        ]
      : [],
  );
}

/** As with curl or a browser one might expect them to be sent; an upstream that asks for them would refuse every request. */
function warnOfCredentials({ legacy, slices }: FicusConfig): ConfigProblem[] {
  const upstreams = [
    { path: ['legacy', 'url'], url: legacy.url },
    ...Object.entries(slices).map(([name, { candidate }]) => ({
      path: ['slices', name, 'candidate', 'url'],
      url: candidate.url,
    })),
  ];
  return upstreams
    .filter(({ url }) => hasCredentials(url))
    .map(({ path }) => ({
      path,
      message:
        'holds a user or a password, which is not sent: write the URL without them; what the upstream needs is a header (rewrite.requestHeaders.set)',
    }));
}

/** Restarts and deployments leave what was compared as it is: a guard would pass on another build. */
function warnOfAgelessEvidence({ slices }: FicusConfig): ConfigProblem[] {
  return Object.entries(slices)
    .filter(
      ([, { guards, candidate }]) =>
        guards.parity && candidate.version === undefined && candidate.versionHeader === undefined,
    )
    .map(([name]) => ({
      path: ['slices', name, 'guards', 'parity'],
      message:
        'counts comparisons with every build that was ever deployed: set candidate.versionHeader, or candidate.version with each deployment, so that only those of the current one count; otherwise run `ficus parity reset` after each deployment',
    }));
}

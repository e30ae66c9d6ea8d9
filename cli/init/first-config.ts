/**
 * The text of a first ficus.yaml. Kept as text, for its comments: what was found is written as a setting with its reason,
 * what is guessed or missing as a comment.
 */
import { printable, splitHostPort } from '@ficus/core';
import { CONTROL_VARIABLE, type DatabaseReference } from './database-reference.ts';
import type { ProposedRoute, SliceProposal } from './openapi/propose-slices.ts';
import { describePaths, type LegacyFacts } from './probe/probe-legacy.ts';
import { scalar } from './yaml-scalar.ts';

export interface DraftSlice extends SliceProposal {
  /** With it, and with routes, the slice is written as a setting; without, as a comment. */
  readonly candidateUrl?: string | undefined;
  readonly health?: string | undefined;
  /** A path that the candidate answers with 401 when a request has no credentials. */
  readonly refusesGuests?: string | undefined;
  readonly database?: DatabaseReference | undefined;
  /** Lines of `tables:`, without indentation; none for a slice without tables. */
  readonly tables?: readonly string[] | undefined;
}

export interface FirstConfig {
  readonly legacyUrl: string;
  readonly listen: string;
  readonly facts: LegacyFacts;
  readonly slices: readonly DraftSlice[];
  /** Path at which the monolith says who is logged in, if its OpenAPI document has one. */
  readonly whoCalls?: string | undefined;
  /** The monolith's database, where a slice has tables. */
  readonly database?: DatabaseReference | undefined;
}

export function writeFirstConfig(config: FirstConfig): string {
  const { listen, facts, slices, whoCalls } = config;
  return `# ficus.yaml: the proxy is in front of the monolith, and nothing is moved yet.
# All keys: docs/config.md in the package @ficus/cli. Check it: ficus check. Run it: ficus proxy.
version: 1
proxy:
  listen: ${listen}
  # What \`ficus status\` and \`ficus explain\` ask on this machine; /healthz, /readyz and /metrics, too.
  admin: ${adminBeside(listen, config.legacyUrl)}
  # Proxies in front of this one, whose X-Forwarded-* headers are trusted:
  # trustedProxies: [10.0.0.0/8]
${identify(facts, whoCalls)}flags:
  provider: file                     # builtin (with control.database) | file | unleash
  file: flags.json
${control(slices)}${legacy(config)}
# A slice is what moves together: routes, and the tables behind them. Its service gets neither the session cookie nor the
# Authorization header, with which it could act as the user at the monolith, until \`credentials\` names them. Without them it
# answers all callers as guests (401, say), unless it verifies the x-ficus-identity of proxy.identify.assert: then write [].
${slices.length > 0 ? sliceList(slices) : EXAMPLE}`;
}

/** A port that neither the proxy's clients nor the monolith use. */
function adminBeside(listen: string, legacyUrl: string): string {
  const used = [splitHostPort(listen).port, Number(new URL(legacyUrl).port)];
  return `127.0.0.1:${[8082, 8083, 8084].find((port) => !used.includes(port))}`;
}

const STICKY = `  # Who the user is: percentages are sticky by user; below 100 % they have no effect on callers who are not identified.
`;

function identify({ session }: LegacyFacts, whoCalls = '/api/me'): string {
  if (!session)
    return `${STICKY}  # identify:
  #   user: { cookie: sid }          # or { header: x-user-id } or { jwtClaim: sub }
`;
  const cookie = scalar(session.name);
  return `${STICKY}  # The session is in the cookie ${session.name}: ${session.why}. Each session stays at its side. It may
  # change at login; with the path at which the monolith says who is logged in, the user stays there:
  #   user: { cookie: ${cookie}, introspect: ${scalar(whoCalls)}, field: id }
  identify:
    session: { cookie: ${cookie} }
`;
}

/** What a slice with tables needs; a comment as long as that slice is one. */
function control(slices: readonly DraftSlice[]): string {
  const mapped = slices.filter(({ tables }) => tables?.includes('tables:'));
  if (mapped.length === 0) return '';
  const lines = [
    'control:',
    '  # Of Ficus alone: where it keeps flags, owners and audit.',
    `  database: \${${CONTROL_VARIABLE}}`,
  ];
  return lines.map((line) => (mapped.some(isWhole) ? `${line}\n` : `# ${line}\n`)).join('');
}

function legacy({ legacyUrl, facts, database }: FirstConfig): string {
  const { url, host, paths, health } = facts;
  const lines = [
    'legacy:',
    ...(url ? [`  # ${comment(url.why)}.`] : []),
    `  url: ${scalar(url?.url ?? legacyUrl)}`,
    ...(host ? [`  # ${comment(host.why)}.`, `  host: ${scalar(host.name)}`] : []),
    ...(paths
      ? [
          `  # ${comment(describePaths(paths))}, so routes match these spellings, too.`,
          `  paths: { ignoreCase: ${paths.ignoreCase}, ignoreTrailingSlash: ${paths.ignoreTrailingSlash} }`,
        ]
      : []),
    ...healthLines(health).map((line) => `  ${line}`),
    ...(database ? [`  database: ${scalar(database.text)}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const healthLines = (path: string | undefined): string[] =>
  path === undefined
    ? []
    : [
        '# It answered there. The proxy asks every five seconds, and says when it fails:',
        `health: { path: ${scalar(path)} }`,
      ];

const EXAMPLE = `# slices:
#   notifications:
#     candidate: { url: http://127.0.0.1:3101 }
#     routes:
#       - { id: list, methods: [GET], path: /api/notifications }
`;

/** A decision, which is not made for anybody. */
const credentials = (refused: string | undefined): string =>
  `      # credentials: [session, authorization]   # both, one, or []: decide${refused === undefined ? '' : `; without, GET ${comment(refused)} answers 401`}`;

const exampleRoute = (slice: string): ProposedRoute => ({
  id: 'list',
  methods: ['GET'],
  path: `/api/${slice}`,
});

/** Whether the slice is a setting as it stands. */
export const isWhole = ({ candidateUrl, routes }: DraftSlice): boolean =>
  candidateUrl !== undefined && routes.length > 0;

function sliceList(slices: readonly DraftSlice[]): string {
  const whole = slices.filter(isWhole);
  const open = slices.filter((slice) => !isWhole(slice));
  const key = whole.length > 0 ? ['slices:'] : ['# slices:'];
  const hint =
    whole.length > 0 && open.length > 0 ? ['# More slices, once each has the URL of its candidate:'] : [];
  const lines = [
    ...key,
    ...whole.flatMap((slice, index) => sliceLines(slice, index)),
    ...hint,
    ...open.flatMap((slice, index) => sliceLines(slice, whole.length + index)).map((line) => `# ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

function sliceLines(
  { name, routes, candidateUrl, health, refusesGuests, database, tables }: DraftSlice,
  index: number,
): string[] {
  const url = candidateUrl ?? `http://127.0.0.1:${3101 + index}`;
  return [
    `  ${name}:`,
    '    candidate:',
    `      url: ${scalar(url)}`,
    ...healthLines(health).map((line) => `      ${line}`),
    credentials(refusesGuests),
    ...(database ? [`      database: ${scalar(database.text)}`] : []),
    '    routes:',
    ...(routes.length > 0 ? routes : [exampleRoute(name)]).map(routeLine),
    ...(tables ?? []).map((line) => `    ${line}`),
  ];
}

function routeLine({ id, methods, path, kind }: ProposedRoute): string {
  const write = kind === undefined ? '' : `, kind: ${kind}`;
  return `      - { id: ${scalar(id)}, methods: [${methods.join(', ')}], path: ${JSON.stringify(path)}${write} }`;
}

/** One line. */
const comment = (text: string): string => printable(text);

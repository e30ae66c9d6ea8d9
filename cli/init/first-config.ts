/** The text of a first ficus.yaml. Kept as text, for its comments. */
import type { SliceProposal } from './propose-slices.ts';

export function writeFirstConfig(legacyUrl: string, slices: readonly SliceProposal[]): string {
  return `# ficus.yaml: the proxy is in front of the monolith, and nothing is moved yet.
# All keys: docs/config.md in the package @ficus/cli. Check it: ficus check. Run it: ficus proxy.
version: 1
proxy:
  listen: 127.0.0.1:8080
  # Proxies in front of this one, whose X-Forwarded-* headers are trusted:
  # trustedProxies: [10.0.0.0/8]
  # Who the user is: percentages are sticky by user; below 100 % they have no effect on callers who are not identified.
  # identify:
  #   user: { cookie: sid }          # or { header: x-user-id } or { jwtClaim: sub }
flags:
  provider: file                     # builtin (with control.database) | file | unleash
  file: flags.json
legacy:
  url: ${legacyUrl}
  # Needed once a slice has tables:
  # database: \${LEGACY_DATABASE_URL}

# A slice is what moves together: routes, and the tables behind them. Its service gets the session cookie and the
# Authorization header only where \`credentials\` names them.
${slices.length > 0 ? slices.map(proposal).join('') : EXAMPLE}`;
}

const EXAMPLE = `# slices:
#   notifications:
#     candidate: { url: http://127.0.0.1:3101, credentials: [session] }
#     routes:
#       - { id: list, methods: [GET], path: /api/notifications }
`;

function proposal(slice: SliceProposal, index: number): string {
  const routes = slice.routes
    .map(
      (route) =>
        `#       - { id: ${route.id}, methods: [${route.methods.join(', ')}], path: ${JSON.stringify(route.path)} }\n`,
    )
    .join('');
  return `${index === 0 ? '# slices:\n' : ''}#   ${slice.name}:\n#     candidate: { url: http://127.0.0.1:${3101 + index}, credentials: [session, authorization] }\n#     routes:\n${routes}`;
}

/** `ficus check --explain`: which route takes a request, in words. */
import type { ExplainedRoute, MatchExplanation } from '@ficus/proxy';

export function formatExplanation(explanation: MatchExplanation): string {
  switch (explanation.kind) {
    case 'refused':
      return `refused: ${explanation.reason}`;
    case 'no-route':
      return [`${explanation.path}: ${explanation.why}`, ...pinned(explanation.alsoWrites)].join('\n');
    case 'matched':
      return [
        `${explanation.path} is taken by ${nameOf(explanation.winner)}, a ${explanation.winner.kind}`,
        `  ${explanation.why}`,
        ...explanation.others.map((other) => `  matches as well, and loses: ${nameOf(other)}`),
        ...pinned(explanation.alsoWrites),
      ].join('\n');
  }
}

const nameOf = (route: ExplainedRoute) => `${route.slice} / ${route.route} (${route.pattern})`;

const pinned = (slices: readonly string[]) =>
  slices.map(
    (slice) => `  writes tables of ${slice} as well: its caller reads there from the owner for a moment`,
  );

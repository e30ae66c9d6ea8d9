/** `ficus check --explain`: which route takes a request, in words. */
import type { ExplainedRoute, MatchExplanation, MissedRoute } from '@ficus/proxy';

export function formatExplanation(explanation: MatchExplanation): string {
  switch (explanation.kind) {
    case 'refused':
      return `refused with ${explanation.status}: ${explanation.reason}`;
    case 'no-route':
      return [
        `${explanation.path}: ${explanation.why}`,
        ...explanation.missed.map(missed),
        ...pinned(explanation.alsoWrites),
      ].join('\n');
    case 'matched':
      return [
        `${explanation.path} is taken by ${nameOf(explanation.winner)}, a ${explanation.winner.kind}`,
        `  ${explanation.why}`,
        ...explanation.winner.needs.map((need) => `  its condition holds: ${need}`),
        ...explanation.others.map((other) => `  matches as well, and loses: ${nameOf(other)}`),
        ...explanation.missed.map(missed),
        ...pinned(explanation.alsoWrites),
      ].join('\n');
  }
}

const nameOf = (route: ExplainedRoute) => `${route.slice} / ${route.route} (${route.pattern})`;

const missed = (route: MissedRoute) =>
  `  does not match: ${nameOf(route)}, unless ${route.unmet.join(' and ')}`;

const pinned = (slices: readonly string[]) =>
  slices.map(
    (slice) => `  writes tables of ${slice} as well: its caller reads there from the owner for a moment`,
  );

/** Why the control plane refused part of a proxy's report: label `reason` of `ficus_reports_refused_total`. */
import type { Word } from '../words/word.ts';

const OTHER_CONFIG = 'Run proxy and control plane with the same config; during a reload it passes by itself.';

export const reportRefusals = {
  'slice-unknown': { means: 'The config has no such slice.', action: OTHER_CONFIG },
  'route-unknown': { means: 'The slice has no such route.', action: OTHER_CONFIG },
  'target-off-route': {
    means: 'The route’s methods and path do not match the request.',
    action: OTHER_CONFIG,
  },
  'never-copied': {
    means:
      'Requests of this route or method are never copied: the route writes, or its answers are not compared.',
    action: OTHER_CONFIG,
  },
  'target-not-as-rewritten': {
    means: 'A target is not what the route’s `rewrite` makes of the request.',
    action: OTHER_CONFIG,
  },
  'shape-wrong': {
    means:
      'The observation or the report is malformed (counts that contradict each other, say), or a proxy of another version made it; the log says what is wrong with it.',
    action: 'Run the same version of proxy and control plane. If you do, report the log line as a bug.',
  },
  'too-many-proxies': {
    means:
      'A thousand other proxies of the same token reported within the last minute: the requests of this one count, and it is not listed, nor are its open breakers and failing checks.',
    action:
      'Give groups of proxies tokens of their own (`control.tokens`). If you have fewer, find out who else reports with that token.',
  },
  'state-unknown': {
    means: 'The slice never had the owner and epoch under which the request is said to have been served.',
    action: 'Find out who else reports. After restoring an older control database, restart the proxies.',
  },
  'seal-wrong': {
    means: 'The observation is not signed with a key of `proxy.identify.assert`: who called is not certain.',
    action: 'Give proxy and control plane the same keys. If they have it, find out who else reports.',
  },
  'seal-expired': {
    means: 'The observation is signed, but more than five minutes old, or as far ahead.',
    action: 'Synchronise the clocks of proxy and control plane.',
  },
  'seal-replayed': {
    means: 'An observation with the same seal was taken within the last five minutes: it counts once.',
    action:
      'Harmless where something between proxy and control plane sends requests again. Otherwise find out who else reports.',
  },
} as const satisfies Record<string, Word>;

export type ReportRefusal = keyof typeof reportRefusals;

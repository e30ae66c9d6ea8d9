/** Public entry point of parity: comparison, rules, redaction, reproduction, counting. No I/O. */
export type { SideOrigins } from './compare/compare-headers.ts';
export { type CompareOptions, compareResponses, isRefusal } from './compare/compare-responses.ts';
export { type IsAllowed, isHarmless, KeptValues, prepareAllowed } from './redact/kept-values.ts';
export { curlCommand, type ReproducedRequest } from './reproduce/curl-command.ts';
export { NO_RULES, type PreparedRules, prepareRules, ruleName } from './rules/ignore-rules.ts';
export { generalPath } from './rules/json-path.ts';
export { makeSample, type SampleContext } from './tally/make-sample.ts';
export {
  comparedOf,
  type DifferingPath,
  type ParityReport,
  type ParitySample,
  ParityTally,
  type VerdictCounts,
} from './tally/parity-tally.ts';

/** Public entry point of the data plane. */
export { Handshakes } from './accept/secure-server.ts';
export { type OpenedAsker, openAsker } from './ask/open-asker.ts';
export { SEAL_VALID_MS, Seal } from './ask/seal.ts';
export { withheldCredentials, withhold } from './ask/withheld-credentials.ts';
export { CertificateKeeper } from './config-file/certificate-keeper.ts';
export { cannotChange, checkCertificate, checkCreatable } from './config-file/config-change.ts';
export { parseConfigText, readConfigFile } from './config-file/read-config-file.ts';
export { type RunningPlaces, readRunningPlaces } from './config-file/read-running-places.ts';
export { ReloadTriggers } from './config-file/reload-triggers.ts';
export type { ExplainedCaller } from './explain/explain-caller.ts';
export type { ExplainedFlag } from './explain/explain-flag.ts';
export {
  type ExplainedRoute,
  explainMatch,
  type MatchExplanation,
  type MissedRoute,
} from './explain/explain-match.ts';
export type { Explanation } from './explain/explanation.ts';
export { leftDrafts, readOwnFile, replaceOwnFile } from './files/own-file.ts';
export { readCertificates, readPair, readPem } from './files/pem-files.ts';
export { readGivenFile } from './files/read-small-file.ts';
export { checkFeatureSet, readFeatureSet } from './flags/feature-set.ts';
export { flagsBackupFile, KEPT_NAME, ownersFile } from './flags/flags-backup.ts';
export { readFlagsFile, readFlagsText } from './flags/flags-file.ts';
export { type HealthProblem, probeHealth } from './health/probe-health.ts';
export { forceHeader } from './identify/force-override.ts';
export { type CertificateAge, describeAge, evaluateAge, isUsable } from './keys/certificate-age.ts';
export { listenerOptions } from './keys/listener-tls.ts';
export { KEY_SET_PATH, type KeySet, publishedKeys } from './keys/published-keys.ts';
export { controlFetch } from './link/control-tls.ts';
export { checkRoutes } from './match/route-table.ts';
export { announce } from './observe/announce.ts';
export { logDestination } from './observe/log-destination.ts';
export { logError } from './observe/log-error.ts';
export { LOG_FORMATS, type LogFormat } from './observe/log-format.ts';
export { logWarnings } from './observe/log-warnings.ts';
export { processMetricsText } from './observe/process-metrics.ts';
export type { FinishedSpan, SpanWriter } from './observe/span-writer.ts';
export { startSpanWriter } from './observe/start-spans.ts';
export { signOfProxy } from './primary/is-forwarded.ts';
export { probePort } from './primary/probe-port.ts';
export { RefusalPace } from './primary/refusal-pace.ts';
export type { ReloadResult, RunningProxy, StartProxyOptions } from './running-proxy.ts';
export { type IntrospectionProblem, probeIntrospection } from './snapshot/probe-introspection.ts';
export { type PathProblem, probePaths } from './snapshot/probe-paths.ts';
export { startProxy } from './start-proxy.ts';

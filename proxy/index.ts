/** Public entry point of the data plane. */
export { parseConfigText, readConfigFile } from './config-file/read-config-file.ts';
export { checkFeatureSet } from './flags/feature-set.ts';
export { readFlagsFile } from './flags/flags-file.ts';
export { forceHeader } from './identify/force-override.ts';
export { type ExplainedRoute, explainMatch, type MatchExplanation } from './match/explain-match.ts';
export { checkRoutes } from './match/route-table.ts';
export { announce } from './observe/announce.ts';
export { type ReloadResult, type RunningProxy, type StartProxyOptions, startProxy } from './start-proxy.ts';

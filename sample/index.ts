/** What scripts outside the repository start the sample's databases with; the cluster itself lives in tools/. */
export { type ClusterOptions, type EmbeddedCluster, freePort, startCluster } from '@ficus/tools';

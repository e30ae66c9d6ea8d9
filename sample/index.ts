/** What scripts outside the repository use to start the sample's databases; the cluster itself is in tools/. */
export { type ClusterOptions, type EmbeddedCluster, freePort, startCluster } from '@ficus/tools';

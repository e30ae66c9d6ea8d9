export {
  type ClusterOptions,
  type EmbeddedCluster,
  freePort,
  type PostgresBinaries,
  startCluster,
} from './postgres/embedded-cluster.ts';

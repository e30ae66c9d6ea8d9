export {
  type ClusterOptions,
  type EmbeddedCluster,
  type PostgresBinaries,
  startCluster,
} from './postgres/embedded-cluster.ts';
export { freePort } from './postgres/free-port.ts';

/** What the sample, the tests and the benchmarks need of the machine: a PostgreSQL cluster, free ports, directories. */
export { makeDirectory, openLog } from './files/make-directory.ts';
export {
  type ClusterOptions,
  type EmbeddedCluster,
  isCluster,
  type PostgresBinaries,
  startCluster,
  stopLeftover,
} from './postgres/embedded-cluster.ts';
export { freePort, onFreePorts } from './postgres/free-port.ts';

/** The cluster's former place, for scripts that import it from here. */
export { startCluster } from '@ficus/tools';

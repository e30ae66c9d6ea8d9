/** Creates the replication of a slice; nothing happens before `start`. */
import { SliceReplication } from './engine/slice-replication.ts';
import type { Replication, ReplicationOptions } from './replication.ts';

export function openReplication(options: ReplicationOptions): Replication {
  return new SliceReplication(options);
}

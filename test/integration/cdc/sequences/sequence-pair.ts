/** Two databases and the sequences of one of their tables' new owner. */
import {
  openSequences,
  type Sequences,
  type SequencesOptions,
} from '../../../../cdc/sequences/open-sequences.ts';
import { createDatabasePair, type DatabasePair } from '../rig/database-pair.ts';
import { parseConfigTables } from '../rig/parse-tables.ts';

export interface SequencePair extends DatabasePair {
  open(options?: Partial<SequencesOptions>): Promise<Sequences>;
}

export async function createSequencePair(
  port: number,
  legacySql: string,
  candidateSql: string,
  tables: readonly unknown[],
): Promise<SequencePair> {
  const pair = await createDatabasePair(port);
  await pair.source.query(legacySql);
  await pair.target.query(candidateSql);
  const opened: Sequences[] = [];
  return {
    ...pair,
    async open(options = {}) {
      const sequences = await openSequences({
        slice: 'facts',
        operation: 'cutover',
        tables: parseConfigTables(tables),
        legacyUrl: pair.sourceUrl,
        candidateUrl: pair.targetUrl,
        ...options,
      });
      opened.push(sequences);
      return sequences;
    },
    async drop() {
      await Promise.all(opened.map((sequences) => sequences.close()));
      await pair.drop();
    },
  };
}

/** What inside the old owner's database writes the slice's tables, and would meet the fence: pure. */
import { quoteIdentifier, quoteQualified, splitQualified } from '../catalog/quote.ts';
import type { Finding } from '../preflight/finding.ts';
import type { ActingKey, OutsideWriter, SideFacts } from './arm-facts.ts';

const code = 'FICUS_ARM_WRITTEN_INSIDE';

export function evaluateWriters(side: SideFacts): Finding[] {
  return [
    ...side.writers.map((writer) => describeWriter(side, writer)),
    ...side.actingKeys.map((key) => describeKey(side, key)),
  ];
}

function describeWriter(
  { path, side }: SideFacts,
  { kind, name, on, through, table }: OutsideWriter,
): Finding {
  const guess = through === null ? '' : ` That is a guess, by the text of function “${through}”.`;
  const finding = { severity: 'warning', path, code } as const;
  if (kind === 'function')
    return {
      ...finding,
      message: `Function “${name}” of the ${side} seems to write “${table}”: once another database owns it, calls fail with the fence’s error.${guess}`,
    };
  const drop = `DROP ${kind === 'rule' ? 'RULE' : 'TRIGGER'} ${quoteIdentifier(name)} ON ${quoted(on ?? '')};`;
  return {
    ...finding,
    message: `${kind === 'rule' ? 'Rule' : 'Trigger'} “${name}” of “${on}” on the ${side} writes “${table}”: once another database owns it, the statements on “${on}” that cause such a write fail with the fence’s error.${guess}`,
    remedySql: `${drop} -- once the service does what it did`,
  };
}

function describeKey({ path, side }: SideFacts, key: ActingKey): Finding {
  const { name, table, tableSql, references, onDelete, onUpdate } = key;
  const actions = [
    ...(onDelete === null ? [] : [`ON DELETE ${onDelete}`]),
    ...(onUpdate === null ? [] : [`ON UPDATE ${onUpdate}`]),
  ].join(' ');
  const statements = [
    ...(onDelete === null ? [] : ['each DELETE']),
    ...(onUpdate === null ? [] : ['each UPDATE of the key']),
  ].join(' and ');
  return {
    severity: 'warning',
    path,
    code,
    message: `Foreign key “${name}” of “${table}” on the ${side} acts when a row of “${references}” changes (${actions}): once another database owns “${table}”, ${statements} in “${references}” fails with the fence’s error, also where no row refers to it.`,
    remedySql: `ALTER TABLE ${tableSql} DROP CONSTRAINT ${quoteIdentifier(name)}; -- once the service does what it did`,
  };
}

function quoted(qualified: string): string {
  const { schema, name } = splitQualified(qualified);
  return quoteQualified(schema, name);
}

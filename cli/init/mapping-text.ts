/** A proposed mapping as the lines of `tables:`, with what was guessed and what a person has to decide as comments. */
import type { MappingProposal, ProposedTable, RefusedTable } from '@ficus/cdc';
import { printable } from '@ficus/core';
import type { Note } from './probe/note.ts';
import { scalar } from './yaml-scalar.ts';

/** Without indentation; `tables:` is a comment as well where no table can go over. */
export function tablesLines({ tables, refused, unmatched }: MappingProposal): string[] {
  return [
    ...(tables.length > 0 ? ['tables:', ...COLUMNS.map(comment)] : []),
    ...tables.flatMap(tableLines),
    ...refused.flatMap(refusedLines),
    ...unmatched.map(({ table, why }) => comment(`${table} of the service gets no rows: it ${why}.`)),
  ];
}

function tableLines({ from, to, columns, omit, guesses, questions }: ProposedTable): string[] {
  return [
    ...guesses.map((guess) => comment(`Guessed: ${guess}.`)),
    ...questions.map((question) => comment(`Question: ${question}`)),
    `  - from: ${scalar(from)}`,
    `    to: ${scalar(to)}`,
    ...(omit ? [`    omit: [${omit.map(scalar).join(', ')}]`] : []),
    ...(columns ? ['    columns:'] : []),
    ...Object.entries(columns ?? {}).map(([name, source]) => `      ${scalar(name)}: ${scalar(source)}`),
  ];
}

function refusedLines({ why, remedySql, ...table }: RefusedTable): string[] {
  return [
    comment(`Question: ${table.from} → ${table.to} cannot go over as it is: ${why}`),
    ...(remedySql === undefined ? [] : remedySql.split('\n').map((sql) => comment(`  ${sql}`))),
    ...tableLines(table)
      .filter((line) => !line.startsWith('  #'))
      .map((line) => `  # ${line.slice(2)}`),
  ];
}

/** Before it happens at night. */
const COLUMNS = [
  'All columns of the monolith’s tables go over, but for those under `omit`. One that the monolith adds later stops the stream,',
  'and the monolith serves the reads of the slice, until the service’s table has it too (and `columns`, where there are some,',
  'name it), or `omit` does. Where the service adds it first, and there are no `columns`, nothing stops.',
];

const comment = (text: string): string => `  # ${printable(text)}`;

/** The same for the person who runs `ficus init`. */
export function notesOfMapping(slice: string, { tables, refused, unmatched }: MappingProposal): Note[] {
  const attention = (text: string): Note => ({ kind: 'attention', text });
  const counted = `${tables.length} ${tables.length === 1 ? 'table' : 'tables'}`;
  return [
    tables.length > 0
      ? { kind: 'found', text: `${counted} of ${slice} can go over: proposed as its tables` }
      : attention(
          refused.length + unmatched.length > 0 ? `No table of ${slice} can go over as it is.` : NO_TABLES,
        ),
    ...tables.flatMap(({ to, guesses, questions }) => [
      ...guesses.map((guess) => attention(`${to}, guessed: ${guess}`)),
      ...questions.map((question) => attention(`${to}, question: ${question}`)),
    ]),
    ...refused.map(({ from, to, why }) => attention(`${from} → ${to} cannot go over as it is: ${why}`)),
    ...unmatched.map(({ table, why }) => attention(`${table} gets no rows: it ${why}`)),
  ];
}

const NO_TABLES =
  'The service’s database has no tables: run its migrations first, then this command again. If it should have some, name the right database with --service-db.';

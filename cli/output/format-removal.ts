/** A removal as a script of SQL: statements as they are run, everything else as comments. */
import type { Removal, RemovalPart } from '@ficus/control';
import { printable } from '@ficus/core';

type Remnant = RemovalPart['remnants'][number];

const PLACES: Readonly<Record<RemovalPart['place'], string>> = {
  legacy: 'legacy’s database',
  candidate: 'candidate’s database',
  control: 'control database',
};

export function formatRemoval(removal: Removal): string {
  const parts = removal.parts.filter(({ steps, problem }) => steps.length > 0 || problem !== undefined);
  const inUse = removal.inUse === undefined ? [] : [comment(`Not yet: ${removal.inUse}`), ''];
  const lines = [...inUse, ...parts.flatMap((part) => [heading(part), ...statements(part), ''])];
  for (const { path, what } of removal.files) lines.push(comment(`would remove ${path}: ${what}`), '');
  if (parts.length === 0 && removal.files.length === 0) lines.push('-- Nothing is left to remove.', '');
  const remnants = remnantsOf(removal);
  if (remnants.length > 0) lines.push('-- What stays:', ...remnants.flatMap(commented), '');
  return lines.join('\n');
}

export function remnantsOf({ parts, remnants }: Removal): Remnant[] {
  return [...parts.flatMap((part) => part.remnants), ...remnants];
}

export function placeOf({ place, database }: RemovalPart): string {
  return `${PLACES[place]} ${database}`;
}

const heading = (part: RemovalPart): string =>
  part.problem === undefined
    ? comment(`In the ${placeOf(part)}:`)
    : comment(`In the ${placeOf(part)}, what is there is not known: ${part.problem}`);

/** One line, whatever is in the text: a second one would be run as SQL. */
const comment = (text: string): string => `-- ${printable(text)}`;

/** SQL for another role: lines of its own, each a comment, so that they can be copied. */
const commentLines = (sql: string): string[] => sql.split('\n').map((line) => comment(`  ${line}`));

const statements = ({ steps }: RemovalPart): string[] =>
  steps.flatMap((step) => [comment(`would ${step.verb} ${step.what}`), step.sql]);

function commented({ what, sql }: Remnant): string[] {
  return [comment(what), ...(sql === undefined ? [] : commentLines(sql))];
}

/**
 * The roles that `check --grants` makes have fixed names, and the fence lets the role of the URL pass: a URL with another name gets
 * grants that do not fit it.
 */
import { type FicusConfig, formatPath } from '@ficus/core';

interface Note {
  readonly path: string;
  readonly message: string;
}

/** Of each database whose URL names another role; none for URLs without one. */
export function noteGrantRoles({ legacy, control, slices }: FicusConfig): Note[] {
  const candidates = Object.entries(slices)
    .filter(([, { tables }]) => tables.length > 0)
    .map(([slice, { candidate }]) =>
      noteRole(['slices', slice, 'candidate', 'database'], candidate.database, 'ficus_writer'),
    );
  return [
    ...noteRole(['legacy', 'database'], legacy.database, 'ficus_reader'),
    ...candidates.flat(),
    ...noteRole(['control', 'database'], control?.database, 'ficus_control'),
  ];
}

function noteRole(path: readonly string[], url: string | undefined, role: string): Note[] {
  const user = userOf(url);
  if (user === undefined || user === role) return [];
  const fence =
    role === 'ficus_control'
      ? ''
      : ', and print the SQL again: its part for the fence lets the URL’s role pass';
  return [
    {
      path: formatPath(path),
      message: `connects as “${user}”, and this SQL makes “${role}”. Write “${role}” into the URL${fence}`,
    },
  ];
}

function userOf(url: string | undefined): string | undefined {
  if (!url || !URL.canParse(url)) return undefined;
  return decodeURIComponent(new URL(url).username) || undefined;
}

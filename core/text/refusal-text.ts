/**
 * What a database says when it refuses a statement, without the row's values. PostgreSQL quotes values in the messages of
 * class 22 (data exceptions: `invalid input syntax for type integer: "…"`); in those of its other classes it quotes names.
 * What a function raises (class P0, or a code of its own) may quote anything. A
 * row's values also stand in an error's `detail`, `where` and `hint`, which belong in no message and no log.
 */
import { hideCredentials } from '../net/url-credentials.ts';

// Servers quote as their language does.
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** PostgreSQL's own classes, without 22 and without P0, in which functions raise what they like. */
const QUOTES_NAMES = /^(0[0-389ABFLPZ]|2[013-8BDF]|3[489BDF]|4[024]|5[34578]|58|72|F0|HV|XX)[0-9A-Z]{3}$/;
const QUOTED = /["«»„“”'‘’].*["«»„“”'‘’]/s;

/** The message, safe to show. */
export function refusalText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  const holdsValues = typeof code === 'string' && SQLSTATE.test(code) && !QUOTES_NAMES.test(code);
  return hideCredentials(holdsValues ? error.message.replace(QUOTED, '"…"') : error.message);
}

const HOLD_VALUES = new Set(['detail', 'where', 'hint', 'internalQuery', 'query', 'parameters']);

/**
 * An error as a log may have it: without values of rows, and without credentials of URLs (Node's errors name the URL).
 * @param fields what a logger makes of it; message and stack may name its causes as well
 */
export function fieldsToLog<Fields extends object>(fields: Fields, error: unknown): Fields {
  const refusals = [...causesOf(error)].filter(isRefusal);
  const said = (text: string) =>
    refusals.reduce((shown, each) => shown.replaceAll(each.message, () => refusalText(each)), text);
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => refusals.length === 0 || !HOLD_VALUES.has(name))
      .map(([name, value]) => [name, typeof value === 'string' ? hideCredentials(said(value)) : value]),
  ) as Fields;
}

const DEEPEST = 10;

function* causesOf(error: unknown): Generator<Error> {
  let at = error;
  for (let depth = 0; depth < DEEPEST && at instanceof Error; depth++, at = at.cause) yield at;
}

/** SQLSTATE: five letters and digits. Node's codes are longer, or begin with E. */
function isRefusal(error: Error): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && error.message !== '';
}

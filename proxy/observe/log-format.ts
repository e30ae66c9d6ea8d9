/**
 * How log lines are written: JSON for programs, short lines for people. A terminal gets lines, everything else JSON, unless
 * FICUS_LOG_FORMAT (`--log-format`) says which; workers inherit it.
 *
 * pino-pretty would be a second destination with buffers of its own in each worker, behind the one that never blocks
 * (worker/line-sink.ts), and it prints what strangers sent as it came, control characters included.
 */
import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import { printable } from '@ficus/core';

export const LOG_FORMATS = ['json', 'lines'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

type Environment = Readonly<Record<string, string | undefined>>;
type Fields = Readonly<Record<string, unknown>>;

/** @param isTerminal whether lines go to a terminal */
export function logFormat(environment: Environment, isTerminal: boolean): LogFormat {
  const asked = environment.FICUS_LOG_FORMAT;
  if (asked === 'json' || asked === 'lines') return asked;
  return isTerminal ? 'lines' : 'json';
}

/** @returns undefined where lines stay JSON */
export function lineFormatter(fd: number, environment: Environment): ((json: string) => string) | undefined {
  const isTerminal = isatty(fd);
  if (logFormat(environment, isTerminal) === 'json') return undefined;
  const coloured = isTerminal && !environment.NO_COLOR && environment.TERM !== 'dumb';
  return (json) => formatLogLine(json, coloured);
}

/** Pino's levels. */
const LEVELS: readonly (readonly [number, string, Parameters<typeof styleText>[0]])[] = [
  [60, 'FATAL', 'red'],
  [50, 'ERROR', 'red'],
  [40, 'WARN', 'yellow'],
  [30, 'INFO', 'green'],
  [0, 'DEBUG', 'dim'],
];

/** Said elsewhere in the line, or of no use to a reader; the JSON has all of it. */
const LEFT_OUT = new Set(
  'level time service version pid hostname name part worker msg err traceId reused requestBodyBytes responseBodyBytes'.split(
    ' ',
  ),
);
/** Shown at the beginning of a request's line. */
const OF_REQUESTS = new Set('method path status durationMs side reason slice route attempts'.split(' '));
const LONGEST_VALUE = 300;

/**
 * One line of a log for people, with its line break. Of a line that is not JSON only control characters are replaced.
 * @param json a line that pino wrote
 */
export function formatLogLine(json: string, coloured: boolean): string {
  const paint = (colour: Parameters<typeof styleText>[0], text: string): string =>
    coloured ? styleText(colour, text, { validateStream: false }) : text;
  const fields = parse(json);
  if (!fields) return `${printable(json.trimEnd())}\n`;
  const [, name, colour] = LEVELS.find(([level]) => Number(fields.level) >= level) ?? LEVELS.at(-1)!;
  const request = isRequest(fields) ? describeRequest(fields) : [];
  const rest = Object.entries(fields).filter(
    ([key, value]) =>
      !LEFT_OUT.has(key) && !(request.length > 0 && isSaid(key, fields)) && !isInMessage(value, fields),
  );
  return `${[
    paint('dim', timeOf(fields.time)),
    paint(colour, name.padEnd(5)),
    paint(
      'dim',
      textOf(fields.service ?? '')
        .replace(/^ficus-?/, '')
        .padEnd(7),
    ),
    ...request,
    ...(fields.msg === 'request' ? [] : [textOf(fields.msg)]),
    ...errorOf(fields.err),
    ...rest.map(([key, value]) => paint('dim', `${printable(key)}=${textOf(value, true)}`)),
  ].join(' ')}\n`;
}

function parse(json: string): Fields | undefined {
  try {
    const fields: unknown = JSON.parse(json);
    return fields !== null && typeof fields === 'object' ? (fields as Fields) : undefined;
  } catch {
    return undefined;
  }
}

const isRequest = ({ method, path, durationMs }: Fields): boolean =>
  typeof method === 'string' && typeof path === 'string' && durationMs !== undefined;

/** `GET /api/notes 200 3.2 ms candidate (serve-flag-on) notes/list` */
function describeRequest({ method, path, status, durationMs, side, reason, slice, route }: Fields): string[] {
  const of = slice === undefined ? [] : [`${textOf(slice)}/${textOf(route)}`];
  const took = `${Number(Number(durationMs).toPrecision(3))} ms`;
  return [
    textOf(method),
    textOf(path),
    textOf(status || '–'),
    took,
    `${textOf(side)} (${textOf(reason)})`,
    ...of,
  ];
}

/** The id leads from a failed request to its trace; one that was served has the JSON for that. */
const isSaid = (key: string, { msg, attempts }: Fields): boolean =>
  key === 'attempts' ? attempts === 1 : OF_REQUESTS.has(key) || (key === 'requestId' && msg === 'request');

const isInMessage = (value: unknown, { msg }: Fields): boolean =>
  value === undefined || (typeof value === 'string' && value !== '' && String(msg).includes(value));

/** Of this machine's day. */
function timeOf(time: unknown): string {
  const date = new Date(typeof time === 'number' ? time : String(time));
  if (Number.isNaN(date.getTime())) return '--:--:--.---';
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function errorOf(err: unknown): string[] {
  if (err === null || typeof err !== 'object') return err === undefined ? [] : [textOf(err)];
  const { type, message, stack } = err as Fields;
  const place = /\n\s+(at .+)/.exec(String(stack))?.[1];
  return [`${textOf(type ?? 'Error')}: ${textOf(message)}`, ...(place === undefined ? [] : [textOf(place)])];
}

/** @param quoted in quotes where its end could not be seen */
function textOf(value: unknown, quoted = false): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const short = text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
  return printable(
    quoted && typeof value === 'string' && !/^[^\s"]+$/.test(short) ? JSON.stringify(short) : short,
  );
}

/**
 * Where the processes of a config are reached, also while the file as a whole is not valid: they continue with the last
 * valid one, and only they can say so. Takes what it can read, and checks no more than what it takes.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ControlConfig, controlSchema, interpolate, listenAddress } from '@ficus/core';
import { parseDocument } from 'yaml';
import { resolveControl } from './resolve-paths.ts';

export interface RunningPlaces {
  readonly control: ControlConfig | undefined;
  /** HOST:PORT */
  readonly admin: string | undefined;
}

/**
 * @param environment where `${NAME}` is looked up
 * @throws Error when the file cannot be read
 */
export async function readRunningPlaces(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<RunningPlaces> {
  const config = asMap(interpolate(readWhatIsThere(await readFile(path, 'utf8')), environment, []));
  const control = config.control === undefined ? undefined : readControl(asMap(config.control));
  return {
    control: control && resolveControl(control, resolve(path)),
    admin: listenAddress.safeParse(asMap(config.proxy).admin).data,
  };
}

/** YAML with errors, too: its parser continues behind them. */
function readWhatIsThere(text: string): unknown {
  try {
    return parseDocument(text, { logLevel: 'silent' }).toJS();
  } catch {
    return undefined;
  }
}

function readControl(given: Readonly<Record<string, unknown>>): ControlConfig | undefined {
  const whole = controlSchema.safeParse(given);
  if (whole.success) return whole.data;
  const known = Object.keys(controlSchema.shape).filter((key) => key in given);
  // Each key on its own: of several wrong ones none may hide the address.
  const valid = known.filter(
    (key) => controlSchema.shape[key as keyof ControlConfig].safeParse(given[key]).success,
  );
  return controlSchema.safeParse(Object.fromEntries(valid.map((key) => [key, given[key]]))).data;
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

/**
 * Where the processes of a config are reached, and where its flags are kept, also while the file as a whole is not valid:
 * they continue with the last valid one, and the way back to it must stay open. Takes what it can read, and checks no
 * more than what it takes.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type ConfigProblem,
  type ControlConfig,
  type FlagsConfig,
  flagsSchema,
  interpolate,
  listenAddress,
  readReachableControl,
} from '@ficus/core';
import { parseDocument } from 'yaml';
import { resolveControl, resolveFlags } from './resolve-paths.ts';

export interface RunningPlaces {
  readonly control: ControlConfig | undefined;
  /** Whether the file names a control database, readable or not: a control plane then makes every change. */
  readonly hasDatabase: boolean;
  /** HOST:PORT */
  readonly admin: string | undefined;
  /** Undefined when it cannot be read whole: half a place is none to write to. */
  readonly flags: FlagsConfig | undefined;
  /** The slices that the file names, and the guards of each. */
  readonly guards: ReadonlyMap<string, readonly string[]>;
}

/**
 * @param environment where `${NAME}` is looked up
 * @throws Error when the file cannot be read
 */
export async function readRunningPlaces(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<RunningPlaces> {
  const document = readWhatIsThere(await readFile(path, 'utf8'));
  const unset: ConfigProblem[] = [];
  const config = asMap(interpolate(document, environment, unset));
  const isFilled = (...place: readonly (string | number)[]) =>
    !unset.some((problem) => place.every((step, at) => problem.path[at] === step));
  const given = asMap(config.control);
  const control =
    config.control === undefined
      ? undefined
      : readReachableControl(given, (...place) => isFilled('control', ...place));
  const flags = isFilled('flags') ? flagsSchema.safeParse(config.flags ?? {}).data : undefined;
  return {
    control: control && resolveControl(control, resolve(path)),
    hasDatabase: given.database !== undefined && given.database !== null,
    admin: isFilled('proxy', 'admin') ? listenAddress.safeParse(asMap(config.proxy).admin).data : undefined,
    flags: flags && resolveFlags(flags, resolve(path)),
    guards: new Map(
      Object.entries(asMap(config.slices)).map(([name, slice]) => [
        name,
        Object.keys(asMap(asMap(slice).guards)),
      ]),
    ),
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

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

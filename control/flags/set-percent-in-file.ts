/** Flips a flag in a flags file (Unleash's client-features format) and changes nothing else in it. */
import {
  type ClientFeatures,
  describeFileError,
  FicusError,
  type FlagKind,
  flagName,
  flagPercent,
  percentFlag,
} from '@ficus/core';
import { checkFeatureSet, readFlagsText } from '@ficus/proxy';
import { unwritableFlagsFile } from './flags-file-error.ts';
import { realFile, replaceFile } from './replace-file.ts';
import { withFileLock } from './with-file-lock.ts';

/**
 * Returns the previous percentage; `null` when there was none. The file is read and replaced under its lock, so that
 * flips of other processes are never lost.
 * @param around makes the write, together with its audit entry
 * @throws FicusError FICUS_FLAGS_FILE_INVALID, FICUS_PATH_UNUSABLE, FICUS_FLAGS_FILE_LOCKED
 */
export async function setPercentInFile(
  path: string,
  kind: FlagKind,
  slice: string,
  percent: number,
  around: (previous: number | null, make: () => Promise<void>) => Promise<void> = (_, make) => make(),
): Promise<number | null> {
  const file = await realFile(path).catch((cause: unknown) => {
    throw unwritableFlagsFile(path, cause);
  });
  return withFileLock(file, async () => {
    const document = await readFlags(file);
    const name = flagName(slice, kind);
    const previous = flagPercent(document.features.find((feature) => feature.name === name)) ?? null;
    const others = document.features.filter((feature) => feature.name !== name);
    const next = { ...document, features: [...others, percentFlag(name, slice, percent)] };
    await around(previous, () => write(file, next));
    return previous;
  });
}

async function write(file: string, document: ClientFeatures): Promise<void> {
  try {
    await replaceFile(file, `${JSON.stringify(document, null, 2)}\n`);
  } catch (cause) {
    throw unwritableFlagsFile(file, cause);
  }
}

/** Refuses what the proxies would refuse: a flip that reaches no proxy must not look like one. */
async function readFlags(file: string): Promise<ClientFeatures> {
  let text: string;
  try {
    text = await readFlagsText(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 2, features: [] };
    const why = describeFileError(error);
    throw new FicusError('FICUS_FLAGS_FILE_INVALID', `The flags file ${file} cannot be read: ${why}.`, {
      cause: error,
    });
  }
  const document = parseJson(file, text);
  const problems = checkFeatureSet(document);
  if (problems.length > 0) throw refuse(file, problems.join('; '));
  return document as ClientFeatures;
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse(file, `it is not JSON: ${(cause as Error).message}`, cause);
  }
}

const refuse = (file: string, why: string, cause?: unknown) =>
  new FicusError(
    'FICUS_FLAGS_FILE_INVALID',
    `The flags file ${file} is not in Unleash’s client-features format: ${why}.`,
    { cause },
  );

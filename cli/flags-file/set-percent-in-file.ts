/** Flips a flag in a flags file (Unleash's client-features format), leaving everything else in it as it is. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import {
  type ClientFeatures,
  FicusError,
  type FlagKind,
  flagName,
  flagPercent,
  percentFlag,
} from '@ficus/core';
import { checkFeatureSet } from '@ficus/proxy';

/** Answers the percentage before. The file is replaced in one step: no reader sees half of it. */
export async function setPercentInFile(
  file: string,
  flag: FlagKind,
  slice: string,
  percent: number,
): Promise<number | undefined> {
  const document = await readFlags(file);
  const name = flagName(slice, flag);
  const before = document.features.find((feature) => feature.name === name);
  const next = {
    ...document,
    features: [
      ...document.features.filter((feature) => feature.name !== name),
      percentFlag(name, slice, percent),
    ],
  };
  await replaceFile(file, `${JSON.stringify(next, null, 2)}\n`);
  return flagPercent(before);
}

async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    const why = describeFileError(cause as NodeJS.ErrnoException);
    throw new FicusError('FICUS_DIRECTORY_UNUSABLE', `The flags file ${file} cannot be written: ${why}.`, {
      cause,
    });
  }
}

/** What the proxy would refuse is refused here: a flip that reaches nobody is none. */
async function readFlags(file: string): Promise<ClientFeatures> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 2, features: [] };
    const why = describeFileError(error as NodeJS.ErrnoException);
    throw new FicusError('FICUS_CONFIG_UNREADABLE', `The flags file ${file} cannot be read: ${why}.`, {
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
    'FICUS_CONFIG_UNREADABLE',
    `The flags file ${file} is not in Unleash’s client-features format: ${why}.`,
    { cause },
  );

function describeFileError({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such folder';
  if (code === 'EISDIR') return 'it is a folder';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not';
  if (code === 'EROFS') return 'its file system is read-only';
  if (code === 'ENOSPC') return 'no space is left';
  return code ?? message;
}

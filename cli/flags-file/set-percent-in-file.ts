/** Flips a flag in a flags file (Unleash's client-features format), leaving everything else in it as it is. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import {
  type ClientFeatures,
  FicusError,
  flagPercent,
  percentFlag,
  serveFlagName,
  shadowFlagName,
} from '@ficus/core';

/** Answers the percentage before. The file is replaced in one step: no reader sees half of it. */
export async function setPercentInFile(
  file: string,
  flag: 'serve' | 'shadow',
  slice: string,
  percent: number,
): Promise<number | undefined> {
  const document = await readFlags(file);
  const name = flag === 'serve' ? serveFlagName(slice) : shadowFlagName(slice);
  const before = document.features.find((feature) => feature.name === name);
  const next = {
    ...document,
    features: [
      ...document.features.filter((feature) => feature.name !== name),
      percentFlag(name, slice, percent),
    ],
  };
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, `${JSON.stringify(next, null, 2)}\n`);
  await rename(draft, file);
  return flagPercent(before);
}

async function readFlags(file: string): Promise<ClientFeatures> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 2, features: [] };
    throw new FicusError('FICUS_CONFIG_UNREADABLE', `The flags file ${file} cannot be read.`, {
      cause: error,
    });
  }
  try {
    const document = JSON.parse(text) as ClientFeatures;
    if (!Array.isArray(document.features)) throw new TypeError('it has no list of features');
    return document;
  } catch (cause) {
    throw new FicusError(
      'FICUS_CONFIG_UNREADABLE',
      `The flags file ${file} is not in Unleash’s client-features format: ${(cause as Error).message}.`,
      { cause },
    );
  }
}

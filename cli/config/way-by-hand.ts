/** What is left to do by hand where a share cannot be lowered, because the config does not say how. */
import { FicusError } from '@ficus/core';
import { ConfigInvalid } from './config-invalid.ts';
import type { RunningRecord } from './running-record.ts';

/** @param flag `notifications.serve` */
export function withWayByHand(error: unknown, flag: string): unknown {
  if (error instanceof ConfigInvalid)
    return new ConfigInvalid(error.file, error.problems, `${NOT_FOUND} ${wayByHand(flag)}`);
  if (error instanceof FicusError && error.code === 'FICUS_CONFIG_UNREADABLE')
    return new FicusError(error.code, `${error.message} ${NOT_FOUND} ${wayByHand(flag)}`, { cause: error });
  return error;
}

const NOT_FOUND =
  'What runs with it was not found either: no proxy has left its places in .ficus beside it, for this machine and user.';

const wayByHand = (flag: string): string =>
  `By hand: ${inFile('the flags file that the proxy reads', flag)}; in Unleash, ${turnOff(flag)}; at a control plane, ${put(flag)}.`;

/** Where the place of the flags is known, and this command has no way to it. */
export function wayByHandAt(
  { provider, flagsFile, unleashUrl, controlUrl }: RunningRecord,
  flag: string,
): string {
  if (provider === 'unleash') return `By hand: in Unleash at ${unleashUrl}, ${turnOff(flag)}.`;
  if (provider === 'file') return `By hand: ${inFile(flagsFile!, flag)}.`;
  return `By hand: with a token of that control plane that has the role operate, ${put(flag, controlUrl)}.`;
}

const inFile = (file: string, flag: string): string =>
  `in ${file}, set "enabled" of the feature "${flag}" to false, and rename the finished file into place`;
const turnOff = (flag: string): string => `turn ${flag} off`;
const put = (flag: string, controlUrl = ''): string =>
  `PUT {"percent":0} to ${controlUrl}/api/v1/slices/${flag.replace('.', '/')}`;

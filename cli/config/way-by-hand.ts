/** What is left to do by hand where a share cannot be lowered because nothing of the config can be read. */
import { FicusError } from '@ficus/core';
import { ConfigInvalid } from './config-invalid.ts';

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
  `By hand: in the flags file that the proxy reads, set "enabled" of the feature "${flag}" to false, and rename the finished file into place; in Unleash, turn ${flag} off; at a control plane, PUT {"percent":0} to /api/v1/slices/${flag.replace('.', '/')}.`;

import type { ErrorEntry } from './error-entry.ts';

/** Config and command line. */
export const commandErrors = {
  FICUS_CONFIG_INVALID: {
    status: 422,
    exit: 1,
    title: 'The configuration is not valid',
    remedy: 'Mend every listed path; `ficus check` lists them all again.',
    retry: 'manual',
  },
  FICUS_CONFIG_UNREADABLE: {
    status: 500,
    exit: 3,
    title: 'The configuration file cannot be read',
    remedy: 'Give the right file with --config FILE; `ficus init` writes a first one.',
    retry: 'manual',
  },
  FICUS_USAGE: {
    status: 400,
    exit: 2,
    title: 'The command was used wrongly',
    remedy: 'See the command with --help.',
    retry: 'never',
  },
  FICUS_SLICE_UNKNOWN: {
    status: 404,
    exit: 2,
    title: 'There is no such slice',
    remedy: 'Use a slice named in ficus.yaml; `ficus status` lists them.',
    retry: 'never',
  },
  FICUS_PORT_TAKEN: {
    status: 500,
    exit: 3,
    title: 'The port is taken',
    remedy: 'Stop the other process, or choose another port (0 asks for a free one).',
    retry: 'manual',
  },
  FICUS_OUTPUT_LOST: {
    status: 500,
    exit: 3,
    title: 'Standard output cannot be written',
    remedy: 'Make room where it goes, or send it elsewhere.',
    retry: 'manual',
  },
  FICUS_DIRECTORY_UNUSABLE: {
    status: 500,
    exit: 3,
    title: 'A directory cannot be used',
    remedy: 'Put right what the message names, or choose another directory.',
    retry: 'manual',
  },
  FICUS_SAMPLE_PART_FAILED: {
    status: 500,
    exit: 3,
    title: 'A part of the sample did not start, or ended by itself',
    remedy:
      'Put right what the message names; `npm run demo -- --keep` leaves the logs of all parts for a look.',
    retry: 'manual',
  },
  FICUS_INTERRUPTED: {
    status: 503,
    exit: 3,
    title: 'Somebody stopped the work before it was done',
    remedy: 'Run it again.',
    retry: 'manual',
  },
  FICUS_INTERNAL: {
    status: 500,
    exit: 3,
    title: 'Something unforeseen went wrong in Ficus',
    remedy: 'Run again with FICUS_LOG_LEVEL=debug and report what it says.',
    retry: 'manual',
  },
} as const satisfies Record<string, ErrorEntry>;

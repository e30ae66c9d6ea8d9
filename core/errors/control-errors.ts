import type { ErrorEntry } from './error-entry.ts';

/** The control plane. */
export const controlErrors = {
  FICUS_CONTROL_UNREACHABLE: {
    status: 503,
    exit: 3,
    title: 'The control plane does not answer',
    remedy:
      'Start it: `ficus control` beside a proxy that runs, or `ficus up` for both (it needs control.database in ficus.yaml). Or set control.listen to where it runs.',
    retry: 'timed',
  },
  FICUS_CONTROL_OUTCOME_UNKNOWN: {
    status: 504,
    exit: 3,
    title: 'The control plane did not answer a change: whether it makes it is not known',
    remedy:
      'Look with `ficus audit` once it answers, and make the change again if it is missing. One that hangs: end its process, and start it again with `ficus control`.',
    retry: 'timed',
  },
  FICUS_CONTROL_CHANGE_EXPIRED: {
    status: 409,
    exit: 3,
    title: 'The change came too late: its caller no longer waits for it',
    remedy: 'Look at the present share with `ficus status`, and make the change again if it is still wanted.',
    retry: 'manual',
  },
  FICUS_CONTROL_FORBIDDEN: {
    status: 403,
    exit: 3,
    title: 'The control plane refused the token',
    remedy: 'Set control.token in ficus.yaml to a token that the control plane was started with.',
    retry: 'manual',
  },
  FICUS_CONTROL_TOKEN_MISSING: {
    status: 401,
    exit: 3,
    title: 'The request has no token',
    remedy: 'Send Authorization: Bearer TOKEN with a token of control.token or control.tokens in ficus.yaml.',
    retry: 'manual',
  },
  FICUS_CONTROL_ROLE_MISSING: {
    status: 403,
    exit: 3,
    title: 'The token may not do this',
    remedy:
      'Use a token with the role that the message names, or add the role to its entry in control.tokens.',
    retry: 'manual',
  },
  FICUS_CONTROL_TOO_MANY_REFUSALS: {
    status: 429,
    exit: 3,
    title: 'Too many requests with wrong tokens come from this address',
    remedy:
      'Find the program that sends the wrong token; the log of the process that refuses it names what it calls.',
    retry: 'timed',
  },
  FICUS_CONTROL_FOREIGN_ORIGIN: {
    status: 403,
    exit: 3,
    title: 'The request comes from another origin, or through another proxy',
    remedy:
      'Ask on the machine of the control plane, by its own address. Where others are to reach it, name tokens in ficus.yaml (control.tokens).',
    retry: 'never',
  },
  FICUS_CONTROL_ALREADY_RUNNING: {
    status: 409,
    exit: 3,
    title: 'Another control plane uses this database',
    remedy: 'Stop the other one, or give this one a database of its own in control.database.',
    retry: 'manual',
  },
  FICUS_CONTROL_SCHEMA_NEWER: {
    status: 409,
    exit: 3,
    title: 'The control plane’s database belongs to a newer Ficus',
    remedy: 'Run the newer version, or give this one a database of its own in control.database.',
    retry: 'manual',
  },
  FICUS_CONTROL_REQUEST_INVALID: {
    status: 400,
    exit: 2,
    title: 'The request is not valid',
    remedy: 'Fix what the message names; /openapi.json describes the request.',
    retry: 'never',
  },
  FICUS_CONTROL_BATCH_UNKNOWN: {
    status: 409,
    exit: 1,
    title: 'Observations may have been compared before the control plane restarted',
    remedy: 'Nothing to do: the proxy counts their copies as arrival-unknown.',
    retry: 'never',
  },
  FICUS_CONTROL_ATTEMPT_OVER: {
    status: 409,
    exit: 1,
    title: 'A proxy acknowledges what is over: an attempt that has ended, or a lease while writes are held',
    remedy: 'Nothing to do: the proxy gets no lease for it, and the state of the slice over its stream.',
    retry: 'never',
  },
  FICUS_CONTROL_TOO_MANY_BATCHES: {
    status: 429,
    exit: 1,
    title: 'Too many observations wait to be compared',
    remedy:
      'Nothing to do: the proxy sends the batch again. If copies are dropped as observation-queue-full, copy less (`ficus shadow SLICE PERCENT`), or give each proxy a token of its own.',
    retry: 'timed',
  },
  FICUS_CONTROL_NOT_FOUND: {
    status: 404,
    exit: 2,
    title: 'No such endpoint or resource',
    remedy: 'See /openapi.json for the endpoints.',
    retry: 'never',
  },
  FICUS_GUARD_REFUSED: {
    status: 409,
    exit: 1,
    title: 'A guard refused the step',
    remedy:
      'Wait or fix what the guard names (`ficus status SLICE`), or override it with --force and --reason.',
    retry: 'timed',
  },
  FICUS_GUARDS_NOT_EVALUATED: {
    status: 409,
    exit: 1,
    title: 'The slice has guards, and no control plane evaluates them',
    remedy:
      'Set control.database in ficus.yaml and run `ficus up`, remove the slice’s guards, or override them with --force and --reason.',
    retry: 'manual',
  },
  FICUS_CONTROL_STILL_SERVING: {
    status: 409,
    exit: 1,
    title: 'The candidate serves users from the rows that would be dropped',
    remedy: 'Bring the reads back first: ficus serve SLICE 0.',
    retry: 'manual',
  },
  FICUS_FLAGS_FILE_LOCKED: {
    status: 503,
    exit: 3,
    title: 'Another process is changing the flags file',
    remedy:
      'Flip the flag again. If the process that the message names no longer runs, delete the lock file first.',
    retry: 'timed',
  },
  FICUS_UNLEASH_TOKEN_MISSING: {
    status: 409,
    exit: 3,
    title: 'Flags on an Unleash server cannot be set without an admin token',
    remedy:
      'Set flags.unleash.adminToken in ficus.yaml and restart the control plane, or flip the flag in Unleash.',
    retry: 'manual',
  },
  FICUS_UNLEASH_FORBIDDEN: {
    status: 502,
    exit: 3,
    title: 'The Unleash server refused the token',
    remedy:
      'Give flags.unleash.adminToken an admin token that may update feature environments, and flags.unleash.token a client token.',
    retry: 'manual',
  },
  FICUS_UNLEASH_CHANGE_REFUSED: {
    status: 409,
    exit: 3,
    title: 'The Unleash server refused the change',
    remedy:
      'Where change requests are on, make the change in Unleash as a change request, or give flags.unleash.adminToken a token that may skip them; otherwise fix what the server’s message names.',
    retry: 'manual',
  },
  FICUS_UNLEASH_FLAG_UNUSABLE: {
    status: 409,
    exit: 3,
    title: 'The flag on the Unleash server has no share to set',
    remedy:
      'Create the flag in Unleash with exactly one gradual rollout without constraints (stickiness userId, groupId the slice).',
    retry: 'manual',
  },
  FICUS_UNLEASH_UNREACHABLE: {
    status: 502,
    exit: 3,
    title: 'The Unleash server does not answer as expected',
    remedy: 'Check that it runs and that flags.unleash.url ends in /api; then flip the flag again.',
    retry: 'timed',
  },
  FICUS_CONTROL_NO_TABLES: {
    status: 409,
    exit: 2,
    title: 'The slice has no tables',
    remedy: 'Copy and verify need a slice with `tables` in ficus.yaml.',
    retry: 'never',
  },
  FICUS_WRITERS_NOT_OBSERVED: {
    status: 409,
    exit: 3,
    title: 'The owner’s fence cannot observe its writers now',
    remedy:
      'A cutover or rollback is under way, or was interrupted: see `ficus status SLICE`, and observe again once it has ended.',
    retry: 'manual',
  },
  FICUS_CONTROL_NOT_COPIED: {
    status: 409,
    exit: 3,
    title: 'The first copy is not complete, so that there is nothing to compare',
    remedy: 'Follow the copy with `ficus copy SLICE`, and compare when it is done.',
    retry: 'manual',
  },
  FICUS_CONTROL_NOT_STORED: {
    status: 503,
    exit: 3,
    title: 'The control plane’s database refused to store it',
    remedy:
      'Fix what the message names (a full disk, a server that was set to read-only, privileges). What was found by comparing is stored as soon as it can be; a restart before that brings the old state back.',
    retry: 'timed',
  },
  FICUS_CONTROL_BUSY: {
    status: 409,
    exit: 3,
    title: 'The same operation is already running',
    remedy: 'Follow it with `ficus status SLICE`, and retry when it is done.',
    retry: 'timed',
  },
} as const satisfies Record<string, ErrorEntry>;

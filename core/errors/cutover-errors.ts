import type { ErrorEntry } from './error-entry.ts';

/** Cutover and rollback of writes. Before the journal each of them leaves the slice as it was. */
export const cutoverErrors = {
  FICUS_CUTOVER_BUSY: {
    status: 409,
    exit: 3,
    title: 'Another cutover or rollback of this slice is under way',
    remedy:
      'Follow it with `ficus status SLICE`. One that was interrupted is ended by `ficus cutover SLICE --resume`.',
    retry: 'manual',
  },
  FICUS_CUTOVER_OWNER_THERE: {
    status: 409,
    exit: 1,
    title: 'The side that is to take the writes owns the slice already',
    remedy: 'Nothing to do; `ficus status SLICE` shows the owner.',
    retry: 'never',
  },
  FICUS_CUTOVER_NOT_MADE: {
    status: 409,
    exit: 1,
    title: 'The slice cannot be retired: the legacy owns its writes',
    remedy: 'Make the candidate the owner first: `ficus cutover SLICE --dry-run` says what that needs.',
    retry: 'manual',
  },
  FICUS_CUTOVER_RETIRED: {
    status: 409,
    exit: 1,
    title: 'The slice is retired: its owner does not change any more',
    remedy: 'Nothing to do: retiring ended both streams, and with them the way back.',
    retry: 'never',
  },
  FICUS_CUTOVER_NOT_CONFIRMED: {
    status: 409,
    exit: 2,
    title: 'This cannot be undone, and was not confirmed',
    remedy: 'Repeat it with the slice’s name as confirmation, as the message says.',
    retry: 'manual',
  },
  FICUS_CUTOVER_NOT_READY: {
    status: 409,
    exit: 1,
    title: 'The stream to the new owner does not run',
    remedy: 'See `ficus status SLICE` for the stream’s problem and its remedy; then try again.',
    retry: 'manual',
  },
  FICUS_CUTOVER_NOT_VERIFIED: {
    status: 409,
    exit: 1,
    title: 'No recent comparison shows that both databases are equal',
    remedy: 'Run `ficus verify SLICE`, fix what it finds, and try again while that run is recent.',
    retry: 'manual',
  },
  FICUS_CUTOVER_LAG: {
    status: 409,
    exit: 1,
    title: 'The stream is too far behind',
    remedy: 'Wait until `ficus status SLICE` shows a smaller lag, and try again.',
    retry: 'manual',
  },
  FICUS_CUTOVER_NO_WAY_BACK: {
    status: 409,
    exit: 1,
    title: 'The mapping cannot be reversed: a rollback would lose what is written afterwards',
    remedy:
      'Give the columns that the message names a `reverse` in ficus.yaml, or accept it with --no-way-back and the slice’s name as confirmation.',
    retry: 'manual',
  },
  FICUS_CUTOVER_REVERSE_NOT_PROVEN: {
    status: 409,
    exit: 1,
    title: 'The stream back is not proven to run',
    remedy: 'Fix what the message names; `ficus check --live` lists what the way back needs.',
    retry: 'manual',
  },
  FICUS_CUTOVER_OBSTACLE: {
    status: 409,
    exit: 1,
    title: 'Something in a database would prevent the change, or break afterwards',
    remedy: 'Fix what the message names; `ficus check --live` lists it with the SQL.',
    retry: 'manual',
  },
  FICUS_CUTOVER_SEQUENCES: {
    status: 409,
    exit: 1,
    title: 'The new owner’s sequences are not ahead of the old owner’s',
    remedy: 'Give Ficus’ role UPDATE on the sequences that the message names, or set them yourself.',
    retry: 'manual',
  },
  FICUS_CUTOVER_WRITER_UNEXPLAINED: {
    status: 409,
    exit: 1,
    title: 'A writer of the slice’s tables is not explained',
    remedy:
      'See `ficus writers SLICE`; stop each writer, lead it through the service, or declare it under `writers` in ficus.yaml.',
    retry: 'manual',
  },
  FICUS_CUTOVER_WRITERS_UNKNOWN: {
    status: 409,
    exit: 1,
    title: 'Who writes the slice’s tables is not known yet',
    remedy:
      '`ficus writers SLICE --observe` begins the observation; then wait for what the message names (`writersObservedMs`, a write through the proxy). `ficus writers SLICE` shows how far it is.',
    retry: 'manual',
  },
  FICUS_CUTOVER_WRITTEN_BY: {
    status: 409,
    exit: 1,
    title: 'Requests outside the slice write to its tables, and would be refused by the fence afterwards',
    remedy:
      'Change the monolith so that these requests write through the slice’s routes; then remove them from `writtenBy` in ficus.yaml.',
    retry: 'manual',
  },
  FICUS_CUTOVER_PROXY_NOT_READY: {
    status: 409,
    exit: 1,
    title: 'A proxy has not acknowledged',
    remedy:
      'Check that the proxy which the message names runs this version and reaches the control plane. One that has ended is forgotten after a minute. Where it is no proxy of yours, take the token that the message names out of `control.tokens`.',
    retry: 'manual',
  },
  FICUS_CUTOVER_ENDLESS: {
    status: 409,
    exit: 1,
    title: 'A write does not end',
    remedy:
      'Nothing was held. Let the uploads, event streams and WebSockets on the named routes end, or end them at their application; where they write none of the tables, give their route the kind `read` or a slice of its own. Then try again.',
    retry: 'manual',
  },
  FICUS_CUTOVER_HOLD_FULL: {
    status: 409,
    exit: 1,
    title: 'More writes waited than proxies may hold',
    remedy:
      'Nothing was changed, and no write was refused. Try again when there are fewer writes. Where it is no proxy of yours that is full, take the token that the message names out of `control.tokens`.',
    retry: 'manual',
  },
  FICUS_CUTOVER_TOO_SLOW: {
    status: 409,
    exit: 1,
    title: 'A step took longer than writes may wait',
    remedy:
      'Nothing was changed. See the step’s reason; end what it waited for, or try again when there is less to do.',
    retry: 'manual',
  },
  FICUS_CUTOVER_MISMATCH: {
    status: 409,
    exit: 1,
    title: 'Rows differ between the databases',
    remedy: 'Nothing was changed. Run `ficus verify SLICE`: it lists the rows.',
    retry: 'manual',
  },
  FICUS_CUTOVER_FENCE_ELSEWHERE: {
    status: 409,
    exit: 3,
    title: 'A fence is in a state that does not fit the journal',
    remedy: '`ficus cutover SLICE --resume` brings fences and journal in line.',
    retry: 'manual',
  },
  FICUS_CUTOVER_INTERRUPTED: {
    status: 409,
    exit: 1,
    title: 'The control plane ended during the attempt',
    remedy: 'Nothing was changed. Try again.',
    retry: 'manual',
  },
  FICUS_CUTOVER_STRANDED: {
    status: 409,
    exit: 3,
    title:
      'An interrupted cutover or rollback cannot be ended: the config does not say where its databases are',
    remedy:
      'Put the slice back into ficus.yaml, with the tables and databases that it had: the attempt then ends by itself. Until then a fence may refuse all writes of its tables, the monolith’s included. Take it out again when `ficus status SLICE` shows its owner.',
    retry: 'manual',
  },
  FICUS_CUTOVER_OVERTAKEN: {
    status: 409,
    exit: 3,
    title: 'Another process has ended this attempt',
    remedy: 'See `ficus status SLICE` for what it did.',
    retry: 'never',
  },
  FICUS_CUTOVER_NOT_FOLLOWED: {
    status: 504,
    exit: 3,
    title: 'The control plane does not answer: how the attempt ended is not known',
    remedy:
      'Start the control plane if it has ended: it undoes an attempt that is not in its journal, and completes one that is. Then see `ficus status SLICE`.',
    retry: 'manual',
  },
  FICUS_CUTOVER_FAILED: {
    status: 409,
    exit: 1,
    title: 'The attempt failed and was abandoned',
    remedy: 'Nothing was changed. Fix what the message names, and try again.',
    retry: 'manual',
  },
} as const satisfies Record<string, ErrorEntry>;

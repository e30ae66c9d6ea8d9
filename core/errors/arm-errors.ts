import type { ErrorEntry } from './error-entry.ts';

/** What stands in the way of a cutover or rollback of writes: found beforehand, without an outage. */
export const armErrors = {
  FICUS_ARM_TRANSACTION: {
    status: 409,
    exit: 3,
    title: 'An open or prepared transaction holds the slice’s tables',
    remedy:
      'The fence waits for it until its deadline, and then the attempt is abandoned. Wait until it ends; if it was forgotten, end it with the printed SQL.',
    retry: 'manual',
  },
  FICUS_ARM_WRITTEN_INSIDE: {
    status: 409,
    exit: 3,
    title: 'Something inside the old owner’s database writes the slice’s tables',
    remedy:
      'After the change of owner such a write fails with the fence’s error, and so does the statement that caused it. Move it to the service, or drop it in the same release (docs/operations/before-a-cutover.md).',
    retry: 'manual',
  },
  FICUS_ARM_TRIGGER: {
    status: 409,
    exit: 3,
    title: 'A trigger of the old owner’s tables will no longer run',
    remedy:
      'Let the service do what the trigger did, or let it run for the stream’s rows as well (ENABLE ALWAYS), if it writes no table of the slice.',
    retry: 'manual',
  },
  FICUS_ARM_SUBSCRIPTION: {
    status: 409,
    exit: 3,
    title: 'A native subscription writes the slice’s tables',
    remedy:
      'Drop the subscription, or take the tables out of its publication: another database would write the slice beside its owner.',
    retry: 'manual',
  },
  FICUS_ARM_DDL: {
    status: 409,
    exit: 3,
    title: 'Something may keep the fence from being installed, or leave a way around it',
    remedy:
      'See that it does not act between the beginning of the cutover and its end, or begin when it has ended.',
    retry: 'manual',
  },
  FICUS_ARM_TREE: {
    status: 409,
    exit: 3,
    title: 'The fence would refuse writes to a table outside the slice',
    remedy:
      'Take the whole tree into the slice, or the slice’s table out of it (ALTER TABLE … NO INHERIT, DETACH PARTITION).',
    retry: 'manual',
  },
  FICUS_ARM_PUBLICATION: {
    status: 409,
    exit: 3,
    title: 'A publication of all tables would send the state of the stream back',
    remedy:
      'Create the state’s tables with the printed SQL, on the database of each subscription first and then on the old owner’s; or let the publication name its tables.',
    retry: 'manual',
  },
  FICUS_ARM_CONSTRAINT: {
    status: 409,
    exit: 3,
    title: 'The old owner’s tables refuse rows that the new owner’s accept',
    remedy:
      'Give the new owner’s table the same constraint, or see that the service writes no such row: one that is refused stops the stream back, and until it is fixed there is no way back.',
    retry: 'manual',
  },
  FICUS_ARM_SERVER: {
    status: 409,
    exit: 3,
    title: 'A setting of a server endangers the change of owner or the way back',
    remedy: 'Change the setting with the printed SQL, or live with what the finding says.',
    retry: 'manual',
  },
  FICUS_ARM_SEQUENCE_PRIVILEGE: {
    status: 403,
    exit: 3,
    title: 'A sequence cannot be read or set',
    remedy: 'Grant what the finding prints; `ficus check --grants` prints it for all sequences of a slice.',
    retry: 'manual',
  },
  FICUS_ARM_SEQUENCE_BEHIND: {
    status: 409,
    exit: 3,
    title: 'A sequence of the new owner would give keys that are in use',
    remedy: 'Begin again: the sequences are set ahead before each attempt. Nothing was changed.',
    retry: 'manual',
  },
  FICUS_ARM_SEQUENCE_ENDS: {
    status: 409,
    exit: 3,
    title: 'A sequence of the new owner, or the type of its column, has no room left',
    remedy:
      'Give the column a larger type and the sequence a larger MAXVALUE, with the SQL that the finding prints.',
    retry: 'manual',
  },
  FICUS_ARM_SEQUENCE_UNSEEN: {
    status: 409,
    exit: 3,
    title: 'Where the keys of a column come from cannot be seen',
    remedy:
      'Make sure that the new owner gives no key that the old owner has given: by uuid keys, by ranges of their own, or by setting what gives them ahead by hand (docs/operations/before-a-cutover.md).',
    retry: 'manual',
  },
} as const satisfies Record<string, ErrorEntry>;

/** Mistakes in the journal, and in what the control plane announces and lifts by it. */
import type { Mutant, NamedTest } from './mutant.ts';

const JOURNAL = 'control/cutover/attempt-journal.ts';

const inJournal = (test: string): NamedTest => ({
  file: 'test/integration/control/cutover/attempt-journal.pg.test.ts',
  test,
});

export const JOURNAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'fences-not-asked',
    effect: 'an attempt begins without the epochs of the fences, and may get one that they have had',
    file: 'control/cutover/coordinator.ts',
    edits: [{ find: 'const above = Math.max(0, ...states', replace: 'const above = Math.min(0, ...states' }],
    caughtBy: [
      {
        file: 'control/cutover/coordinator.test.ts',
        test: 'an attempt’s epoch is above those of both fences; its sessions are closed when it does not begin',
      },
    ],
  },
  {
    name: 'new-owner-announced-late',
    effect:
      'proxies hear of the new owner with the release: one that hears it later reads the former one after a write',
    file: 'control/cutover/write-states.ts',
    edits: [{ find: 'if (this.#states.of(slice).epoch !== before) this.announce(slice);', replace: '' }],
    caughtBy: [
      {
        file: 'control/cutover/write-states.test.ts',
        test: 'the new owner is announced while writes are still held',
      },
    ],
  },
  {
    name: 'hold-not-announced',
    effect: 'proxies hear of a hold with the next change of anything else',
    file: 'control/cutover/write-states.ts',
    edits: [
      {
        find: '{ writes, attempt: epoch });\n    this.announce(slice);',
        replace: '{ writes, attempt: epoch });',
      },
    ],
    caughtBy: [
      { file: 'control/cutover/write-states.test.ts', test: 'lease, hold and release are announced at once' },
    ],
  },
  {
    name: 'stray-hold-lifted',
    effect: 'a fence in hold that no ended attempt explains is lifted, though the attempt may run elsewhere',
    file: 'control/cutover/reconcile-fences.ts',
    edits: [
      {
        find: "found.mode === 'hold' && ended.has(found.epoch)",
        replace: "found.mode === 'hold' && ended.size > 0",
      },
    ],
    caughtBy: [
      {
        file: 'control/cutover/reconcile-fences.test.ts',
        test: 'the owner’s fence in 6 hold becomes undefined: of one that may be under way elsewhere',
      },
    ],
  },
  {
    name: 'restart-announces-open',
    effect: 'a restart lets proxies write before it has abandoned what it found',
    file: 'control/cutover/write-states.ts',
    edits: [
      {
        find: "{ writes: 'held', attempt: epoch });\n    this.announce(slice);\n  }\n\n  /** For",
        replace: "{ writes: 'leased', attempt: epoch });\n    this.announce(slice);\n  }\n\n  /** For",
      },
    ],
    caughtBy: [
      {
        file: 'control/cutover/write-states.test.ts',
        test: 'an attempt left in fence is held until it is abandoned or complete',
      },
    ],
  },
  {
    name: 'journal-uncompared',
    effect: 'an attempt that was abandoned commits, and takes the owner with it',
    file: JOURNAL,
    edits: [{ find: 'FROM same WHERE ${OPEN} AND slice', replace: 'FROM same WHERE id = $1 AND slice' }],
    caughtBy: [
      inJournal('what was abandoned is never in the journal, and what is in the journal is never abandoned'),
    ],
  },
  {
    name: 'abandoned-after-journal',
    effect: 'a failure after the point of no return abandons the attempt',
    file: JOURNAL,
    edits: [
      {
        find: 'report = $8::jsonb\n       WHERE ${OPEN}`',
        replace: 'report = $8::jsonb\n       WHERE id = $1 AND outcome IS NULL`',
      },
    ],
    caughtBy: [
      inJournal('what was abandoned is never in the journal, and what is in the journal is never abandoned'),
    ],
  },
  {
    name: 'journal-epoch-unchecked',
    effect: 'an attempt commits over a change of owner that it does not know',
    file: JOURNAL,
    edits: [
      { find: 'AND owner = $3 AND epoch = $4 AND NOT retired', replace: 'AND NOT retired' },
      { find: 'AND owner = $3 AND epoch = $4 RETURNING', replace: 'AND $3 <> $5 AND $4 < $6 RETURNING' },
    ],
    caughtBy: [inJournal('a slice whose owner or epoch is no longer the expected one is left as it is')],
  },
  {
    name: 'epoch-below-fence',
    effect: 'an attempt gets an epoch that a fence has had: what belongs to the older one counts for it',
    file: JOURNAL,
    edits: [{ find: 'greatest($4, $5, (SELECT', replace: 'greatest($4, least($5, 0), (SELECT' }],
    caughtBy: [
      inJournal('an epoch is higher than all before it: of attempts that failed, and of the fences'),
    ],
  },
  {
    name: 'journal-not-durable',
    effect: 'a crash of the control database forgets a change of owner that was answered',
    file: 'control/store/open-store.ts',
    edits: [{ find: '      await client.query(DURABLE);\n', replace: '' }],
    caughtBy: [inJournal('a database that commits with off answers the journal with on')],
  },
];

/** Mistakes in the order of the steps, and in what a run does after a failure. */
import type { Mutant, NamedTest } from './mutant.ts';

const STEPS = 'control/cutover/steps/steps.ts';
const WORDS = 'core/cutover/cutover-step.ts';
const RUN = 'control/cutover/run-attempt.ts';
const NEXT = 'control/cutover/next-step.ts';
const TURNS = 'control/cutover/fence-turns.ts';

const inRun = (test: string): NamedTest => ({ file: 'control/cutover/run-attempt.test.ts', test });
const WHOLE = inRun('a cutover carries out every step in its order, and the new owner takes the writes');
const WHATEVER = inRun(
  'whatever fails, dies or sleeps: before the journal all is as it was, after it all is complete',
);

const RELEASE_WORD =
  "  release: { means: 'Proxies have the new owner, and decide the held writes again.', action: '' },\n";
const FENCE_WORD = `  fence: {
    means: 'The owner’s database refuses writers; open transactions have ended; the barrier is in its WAL.',
    action: '',
  },
`;
const BARRIER_WORD =
  "  barrier: { means: 'The stream has applied everything before the barrier.', action: '' },\n";
const LIFT_WORD = `  lift: {
    means: 'The new owner’s fence is lifted; the old owner’s stays until the owner changes again.',
    action: '',
  },
`;
const JOURNAL_WORD =
  "  journal: { means: 'Owner and epoch are changed, in one transaction: the point of no return.', action: '' },\n";

export const ATTEMPT_MUTANTS: readonly Mutant[] = [
  {
    name: 'barrier-before-fence',
    effect:
      'the barrier is waited for before the fence stands: what is written between them is not on the new owner',
    file: WORDS,
    edits: [{ find: FENCE_WORD + BARRIER_WORD, replace: BARRIER_WORD + FENCE_WORD }],
    caughtBy: [WHOLE],
  },
  {
    name: 'fence-left-out',
    effect: 'the old owner’s fence is not turned: its writers write on',
    file: STEPS,
    edits: [{ find: "wanted: { epoch: row.epoch, mode: 'hold' }", replace: 'wanted: expected' }],
    caughtBy: [WHOLE],
  },
  {
    name: 'verify-left-out',
    effect: 'rows that differ do not keep the owner from changing',
    file: STEPS,
    edits: [{ find: "if (verdict === 'match') return;", replace: "if (verdict !== 'nothing') return;" }],
    caughtBy: [inRun('rows that differ in the hold: abandoned')],
  },
  {
    name: 'last-look-left-out',
    effect: 'a partition that was detached just before the hold is brought back by the new owner',
    file: STEPS,
    edits: [{ find: 'if (unaltered) return;', replace: 'if (true) return;' }],
    caughtBy: [inRun('tables that were altered in the hold: abandoned')],
  },
  {
    name: 'sequences-left-out',
    effect: 'the new owner gives keys that the old one has given',
    file: STEPS,
    edits: [{ find: 'if (behind.length > 0) throw', replace: 'if (behind.length > 1e9) throw' }],
    caughtBy: [inRun('a sequence that is behind in the hold: abandoned')],
  },
  {
    name: 'released-before-journal',
    effect: 'held writes leave while the old owner still owns the slice, and its fence refuses them',
    file: WORDS,
    edits: [
      { find: RELEASE_WORD, replace: '' },
      { find: JOURNAL_WORD, replace: RELEASE_WORD + JOURNAL_WORD },
    ],
    caughtBy: [WHOLE],
  },
  {
    name: 'lifted-before-journal',
    effect: 'both owners take writes',
    file: WORDS,
    edits: [{ find: JOURNAL_WORD + LIFT_WORD, replace: LIFT_WORD + JOURNAL_WORD }],
    caughtBy: [WHOLE],
  },
  {
    name: 'owner-not-adopted',
    effect: 'proxies are sent the old owner at the release',
    file: RUN,
    edits: [
      {
        find: 'gate.adopt(this.#row.slice, this.#row.to, this.#row.epoch)',
        replace: 'gate.endless(this.#row)',
      },
    ],
    caughtBy: [WHOLE],
  },
  {
    name: 'undone-after-journal',
    effect: 'a failure after the point of no return lifts the old owner’s fence',
    file: NEXT,
    edits: [
      {
        find: 'if (facts.journaled) return',
        replace:
          "if (facts.journaled && facts.failed && !facts.undone) return { kind: 'undo' };\n  if (facts.journaled) return",
      },
    ],
    caughtBy: [inRun('where it may have the attempt, writers wait until it says so'), WHATEVER],
  },
  {
    name: 'undone-before-abandoned',
    effect: 'the fence is lifted although the journal may have the attempt: its answer was missing',
    file: NEXT,
    edits: [{ find: 'fresh && !commitSent && abandonFailed', replace: 'fresh && abandonFailed' }],
    caughtBy: [inRun('where it may have the attempt, writers wait until it says so')],
  },
  {
    name: 'restart-leaves-fence',
    effect: 'a process that was replaced turns the fence after the restart has abandoned its attempt',
    file: TURNS,
    edits: [
      { find: 'return mayBeTouched && lets(found) ?', replace: 'return mayBeTouched && !lets(found) ?' },
    ],
    caughtBy: [
      inRun('a restart abandons what is not in the journal, and shuts out the process that it replaced'),
    ],
  },
  {
    name: 'step-read-early',
    effect: 'a restart takes an attempt for one that never held, though it entered the hold meanwhile',
    file: RUN,
    edits: [
      {
        find: 'if (!this.#options.fresh && mayHaveHeld(row))',
        replace: 'if (this.#options.fresh && mayHaveHeld(row))',
      },
    ],
    caughtBy: [
      inRun(
        'a restart lifts the fence of a process that entered the hold after the restart had read the journal',
      ),
    ],
  },
  {
    name: 'missing-answer-not-turned',
    effect:
      'a turn whose answer was lost counts as not made: the old owner stays shut after an abandoned attempt',
    file: STEPS,
    edits: [
      {
        find: 'error instanceof FicusError && NOT_TURNED.has(error.code)',
        replace: 'error instanceof Error',
      },
    ],
    caughtBy: [WHATEVER],
  },
  {
    name: 'old-fence-lifted',
    effect: 'the step that lifts the new owner’s fence lifts the old owner’s as well',
    file: STEPS,
    edits: [
      {
        find: '  await turnFence(sides.newFence, found.newFence, decideLift(row.epoch), limits.drainMs);\n',
        replace: `  for (const side of [sides.newFence, sides.oldFence])
    await turnFence(side, undefined, decideLift(row.epoch), limits.drainMs);
`,
      },
    ],
    caughtBy: [WHOLE],
  },
  {
    name: 'undone-in-later-epoch',
    effect: 'a run that was overtaken lifts the fence of a later attempt',
    file: TURNS,
    edits: [
      {
        find: 'if (found.epoch > epoch) return undefined;\n    if (found.epoch === epoch) return found',
        replace: 'if (found.epoch >= epoch) return found',
      },
    ],
    caughtBy: [
      { file: 'control/cutover/fence-turns.test.ts', test: 'undo in epoch 4, found 5 hold: undefined' },
    ],
  },
  {
    name: 'new-fence-left-open',
    effect: 'a fence that stands open at the side that does not own the slice stays so: two owners',
    file: 'control/cutover/steps/arm.ts',
    edits: [
      {
        find: 'await turnFence(sides.newFence, undefined, decideShut(row.fromEpoch), limits.drainMs);',
        replace: 'await sides.newFence.state();',
      },
    ],
    caughtBy: [inRun('arm shuts a fence that stands open at the side that does not own the slice')],
  },
  {
    name: 'end-waits-for-arm',
    effect: 'a process that is to end waits for an attempt that may take minutes',
    file: RUN,
    edits: [{ find: 'else await unlessAborted(signal, work);', replace: 'else await work;' }],
    caughtBy: [inRun('a process that is to end abandons an attempt that waits before the hold')],
  },
  {
    name: 'abandoned-is-done',
    effect: 'an attempt that the journal has abandoned counts as undone: the fence stays shut',
    file: NEXT,
    edits: [{ find: "{ kind: facts.undone ? 'finish' : 'undo' }", replace: "{ kind: 'finish' }" }],
    caughtBy: [inRun('a failure in barrier leaves everything as it was, and the journal says why')],
  },
  {
    name: 'stays-held',
    effect: 'proxies still hold writes after an abandoned attempt',
    file: RUN,
    edits: [{ find: '    ports.gate.open(this.#row.slice);\n    this.#undone', replace: '    this.#undone' }],
    caughtBy: [inRun('a failure in barrier leaves everything as it was, and the journal says why')],
  },
  {
    name: 'hold-not-stored',
    effect: 'the journal does not know of the hold: a restart lifts no fence',
    file: STEPS,
    edits: [{ find: "if (!(await ports.journal.enter(row, 'hold')))", replace: 'if (row.epoch < 0)' }],
    caughtBy: [WHATEVER],
  },
  {
    name: 'hold-without-bound',
    effect: 'writes wait for as long as a step takes',
    file: RUN,
    edits: [
      { find: 'ports.gate.broken(this.#row), this.#tooSlow()]', replace: 'ports.gate.broken(this.#row)]' },
    ],
    caughtBy: [inRun('a hold that has reached its bound is abandoned, whatever it waits for')],
  },
  {
    name: 'full-proxy-ignored',
    effect: 'a proxy that can hold no more refuses writes, as the attempt continues',
    file: RUN,
    edits: [{ find: 'ports.gate.broken(this.#row), this.#tooSlow()]', replace: 'this.#tooSlow()]' }],
    caughtBy: [inRun('a hold is abandoned as soon as a proxy can hold no more')],
  },
  {
    name: 'way-back-keeps-epoch',
    effect: 'the stream back keeps the old epoch, and the old owner’s fence refuses what it brings',
    file: 'control/cutover/steps/raise-epochs.ts',
    edits: [{ find: ', sides.back.raiseEpoch(row.epoch)]', replace: ']' }],
    caughtBy: [WHOLE],
  },
  {
    name: 'check-left-out',
    effect: 'rows that differ after the release are not noted',
    file: 'control/cutover/steps/check.ts',
    edits: [
      {
        find: "if (compared.verdict !== 'match') notes.push(",
        replace: "if (compared.verdict === 'match') notes.concat(",
      },
    ],
    caughtBy: [inRun('what differs after the release is noted, and undoes nothing')],
  },
  {
    name: 'arm-without-sequences',
    effect: 'the new owner’s sequences are not set ahead',
    file: 'control/cutover/arm/arm-slice.ts',
    edits: [
      { find: '[checkSequences, checkWayBack, checkVerified]', replace: '[checkWayBack, checkVerified]' },
    ],
    caughtBy: [
      {
        file: 'control/cutover/arm/checks.test.ts',
        test: 'when all is well nothing is refused, and the sessions of the hold are opened',
      },
    ],
  },
];

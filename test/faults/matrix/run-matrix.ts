/** The cells, one after the other on one stage, in an order that needs few changes of owner in between; then the whole load is judged. */
import { type Cell, fromOf, nameOf } from './cells.ts';
import { findDifference, gatherEvidence } from './evidence.ts';
import { type CellResult, runCell } from './run-cell.ts';
import { bringUp, settle } from './settle.ts';
import { SLICE, Stage } from './stage.ts';
import { continueAll } from './strike.ts';

export interface MatrixOptions {
  readonly cells: readonly Cell[];
  readonly rounds: number;
  /** Of the whole run; what is left then is not run. */
  readonly limitMs: number;
  readonly onCell?: (result: CellResult, done: number, all: number) => void;
  readonly signal?: AbortSignal;
}

export interface MatrixResult {
  readonly results: readonly CellResult[];
  /** Cells for which there was no time. */
  readonly left: number;
  readonly acknowledged: number;
  /** Over all cells, at the end: what each cell found, and what shows only then. */
  readonly lost: readonly string[];
  readonly faults: readonly string[];
  readonly durationMs: number;
}

export async function runMatrix(options: MatrixOptions): Promise<MatrixResult> {
  const started = performance.now();
  const isOver = () => performance.now() - started > options.limitMs || options.signal?.aborted === true;
  const left = Array.from({ length: options.rounds }, () => options.cells).flat();
  const all = left.length;
  const results: CellResult[] = [];
  let acknowledged = 0;
  const [lost, faults]: [string[], string[]] = [[], []];
  while (left.length > 0 && !isOver()) {
    const part = await onOneStage(left, isOver, (result) => {
      results.push(result);
      options.onCell?.(result, results.length, all);
    });
    acknowledged += part.acknowledged;
    lost.push(...part.lost);
    faults.push(...part.faults);
  }
  const durationMs = Math.round(performance.now() - started);
  return { results, left: left.length, acknowledged, lost, faults, durationMs };
}

/** Takes cells from the list, until it is empty or the stage is stuck. */
async function onOneStage(left: Cell[], isOver: () => boolean, onResult: (result: CellResult) => void) {
  const stage = await Stage.open();
  try {
    await bringUp(stage);
    while (left.length > 0 && !isOver()) {
      const cell = await takeNext(stage, left);
      const result = await runCell(stage, cell).catch((error: Error) => stuck(cell, error));
      onResult(result);
      if (result.outcome === 'stuck') break;
    }
    return await judgeAll(stage);
  } finally {
    continueAll();
    await stage.close();
  }
}

/** At rest both databases hold the same rows, also of writes that were never acknowledged. */
async function judgeAll(stage: Stage) {
  const { load, client } = stage;
  await client
    .cutoverState(SLICE)
    .then(({ owner }) => settle(stage, owner))
    .catch(() => undefined);
  await load.stop();
  const acknowledged = load.records.filter(({ failure }) => failure === undefined).length;
  const { lost, faults } = await gatherEvidence(stage, load.records);
  const differ = await findDifference(stage);
  return { acknowledged, lost, faults: differ === undefined ? faults : [...faults, differ] };
}

/** The first that begins with the owner of now. */
async function takeNext({ client }: Stage, left: Cell[]): Promise<Cell> {
  const owner = await client.cutoverState(SLICE).then(
    (state) => state.owner,
    () => undefined,
  );
  const fitting = left.findIndex((cell) => fromOf(cell) === owner);
  return left.splice(Math.max(0, fitting), 1)[0]!;
}

function stuck(cell: Cell, error: Error): CellResult {
  return {
    ...cell,
    ...{ outcome: 'stuck', by: 'itself', why: '', ms: 0, gapMs: 0, acknowledged: 0, codes: {}, lost: [] },
    failed: { 'held too long': 0, 'by the victim': 0, other: 0 },
    faults: [`${nameOf(cell)}: ${error.message}`],
  };
}

/** The cells of the kill matrix: who is hit how, at which step, in which direction; and which failed requests each explains. */
import { CUTOVER_STEPS, type CutoverStep, type Side } from '@ficus/core';

export const VICTIMS = {
  /** The control plane's process: coordinator, and both streams. */
  coordinator: ['KILL', 'STOP 1 s', 'STOP 6 s'],
  /** Its primary: leases, states. */
  proxy: ['KILL', 'STOP 6 s'],
  /** Primary and workers, as when a machine is suspended. */
  'whole proxy': ['STOP 6 s'],
  worker: ['KILL', 'STOP 6 s'],
  /** The stream's sessions: where it reads, and where it applies. A killed backend is a crash of its server. */
  walsender: ['cut', 'STOP 4 s'],
  applier: ['cut', 'STOP 4 s'],
  'legacy db': ['crash', 'restart'],
  'candidate db': ['crash', 'restart'],
  'control db': ['crash', 'restart'],
} as const;

export type Victim = keyof typeof VICTIMS;
export type Signal = (typeof VICTIMS)[Victim][number];
export type Direction = 'forward' | 'back';

export interface Cell {
  readonly victim: Victim;
  readonly signal: Signal;
  /** Hit when the step's work is done, and nothing knows it yet. */
  readonly step: CutoverStep;
  readonly direction: Direction;
}

export const CELLS: readonly Cell[] = (Object.keys(VICTIMS) as Victim[]).flatMap((victim) =>
  VICTIMS[victim].flatMap((signal) =>
    CUTOVER_STEPS.flatMap((step) =>
      (['forward', 'back'] as const).map((direction) => ({ victim, signal, step, direction })),
    ),
  ),
);

export const fromOf = ({ direction }: Cell): Side => (direction === 'forward' ? 'legacy' : 'candidate');
export const toOf = ({ direction }: Cell): Side => (direction === 'forward' ? 'candidate' : 'legacy');
export const nameOf = ({ victim, signal, step, direction }: Cell): string =>
  `${victim} ${signal}, ${step}, ${direction}`;

/** How long a suspended process stays so. */
export const stopMs = (signal: Signal): number | undefined =>
  signal.startsWith('STOP') ? Number(/\d+/.exec(signal)![0]) * 1_000 : undefined;

/**
 * @param only `victim=coordinator|proxy,signal=KILL,step=hold,direction=back`; each part narrows, and may name several
 * @throws RangeError for a word that no cell has
 */
export function selectCells(only: string): readonly Cell[] {
  const parts = only.split(',').filter((part) => part !== '');
  return parts.reduce<readonly Cell[]>((cells, part) => {
    const [field = '', words = ''] = part.split('=');
    if (!['victim', 'signal', 'step', 'direction'].includes(field))
      throw new RangeError(`--only has no “${field}”.`);
    const wanted = words.split('|');
    for (const word of wanted)
      if (!CELLS.some((cell) => cell[field as keyof Cell] === word))
        throw new RangeError(`No cell has ${field} “${word}”.`);
    return cells.filter((cell) => wanted.includes(cell[field as keyof Cell]));
  }, CELLS);
}

/** Why a request failed, as the matrix counts it. */
export type FailureKind =
  /** 503, sent nowhere: it waited in a proxy for longer than a write may. */
  | 'held too long'
  /** By what was hit itself: a connection to a killed proxy, a database that is being restarted. */
  | 'by the victim'
  /** None of these should have failed. */
  | 'other';

/** @param why a code of Ficus, `app SQLSTATE` or the code of a socket's error */
export function kindOf({ victim }: Cell, why: string): FailureKind {
  if (why === 'FICUS_PROXY_WRITES_HELD') return 'held too long';
  const isSocket = /^(E[A-Z]+|UND_ERR_[A-Z_]+)$/.test(why);
  if (/proxy|worker/.test(victim)) return isSocket ? 'by the victim' : 'other';
  if (victim === 'legacy db' || victim === 'candidate db')
    return why.startsWith('app ') && why !== 'app FI001' ? 'by the victim' : 'other';
  return 'other';
}

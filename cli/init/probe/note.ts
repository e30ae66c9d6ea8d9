/** A line for the person who runs `ficus init`: what was found, or what needs their attention. */
export interface Note {
  readonly kind: 'found' | 'attention';
  readonly text: string;
}

/** Receives each note as soon as it is known. */
export type Say = (note: Note) => void;

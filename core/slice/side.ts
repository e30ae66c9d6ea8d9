/** The two sides of a migration. In parity the legacy is the control, the candidate the candidate. */
export type Side = 'legacy' | 'candidate';

/** The other one. */
export function otherSide(side: Side): Side {
  return side === 'legacy' ? 'candidate' : 'legacy';
}

/** What the users do, and how often. Pure. */

/** `writing`: while the right to write moves, so many write that some are caught by it. */
export type Mix = 'everyday' | 'writing';

/** Of actions. */
export const KINDS = ['inbox', 'one', 'preferences', 'mark', 'change', 'browse', 'order'] as const;

export type Kind = (typeof KINDS)[number];

/** Weights: how often each is drawn. Their sum is coprime to the stride of the draws. */
export const WEIGHTS: Readonly<Record<Mix, Readonly<Record<Kind, number>>>> = {
  everyday: { inbox: 9, one: 3, preferences: 2, mark: 3, change: 1, browse: 3, order: 1 },
  writing: { inbox: 3, one: 1, preferences: 1, mark: 5, change: 8, browse: 1, order: 1 },
};
export const STRIDE = 7;

/**
 * Names of a fence's objects in schema `ficus_fence`. Each ends in the slice's word: part of its name, for people, and a
 * hash of it, as two names may shorten to the same part. Used by whatever makes, turns or removes a fence.
 */
import { createHash } from 'node:crypto';
import { FENCE_SCHEMA } from '../catalog/fence-triggers-sql.ts';

export interface FenceNames {
  /** Lower case letters, digits and underscores: needs no quotes, also in the name of a setting. */
  readonly word: string;
  readonly state: string;
  readonly guard: string;
  readonly turn: string;
  readonly observe: string;
  readonly config: string;
}

export function nameFence(slice: string): FenceNames {
  const part = slice
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '_')
    .slice(0, 30);
  const word = `${part}_${createHash('sha256').update(slice).digest('hex').slice(0, 8)}`;
  const of = (kind: string) => `${FENCE_SCHEMA}.${kind}_${word}`;
  return {
    word,
    state: of('state'),
    guard: of('guard'),
    turn: of('turn'),
    observe: of('observe'),
    config: of('config'),
  };
}

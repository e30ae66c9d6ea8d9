/** What all fences of a database share, in schema `ficus_fence`. */
import type { FenceFunction } from './fence-function.ts';
import { CREATE_NOTES, FORGET, NOTE } from './notes-sql.ts';
import { ALTER, ARM, DISARM, GAPS, MEMBERS } from './tree-sql.ts';

export const SHARED_FUNCTIONS: readonly FenceFunction[] = [NOTE, MEMBERS, GAPS, ALTER, ARM, DISARM, FORGET];

export const CREATE_SHARED_OBJECTS = CREATE_NOTES;

/** Beside the functions; in the order in which they may be dropped. */
export const SHARED_OBJECTS: readonly string[] = ['TABLE ficus_fence.seen', 'SEQUENCE ficus_fence.missed'];

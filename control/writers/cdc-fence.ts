/** Connects cdc's fence to the inventory of writers. */
import { openFence } from '@ficus/cdc';
import type { OpenFence } from './slice-writers.ts';

export const openCdcFence: OpenFence = openFence;

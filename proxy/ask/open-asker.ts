/** An asker with its own upstreams, for a process that serves no requests: the control plane. */
import type { FicusConfig } from '@ficus/core';
import { Upstream } from '../upstream/upstream.ts';
import { Asker } from './asker.ts';

export interface OpenedAsker extends Pick<Asker, 'ask' | 'refusal' | 'sealRefusal'> {
  /** Lets requests in progress finish, and sends no more. */
  retire(): void;
  /** Cuts what is in progress. */
  close(): void;
}

/**
 * Opens no connection yet.
 * @throws FicusError FICUS_PEM_UNREADABLE when a PEM file of an upstream cannot be read
 */
export function openAsker(config: FicusConfig): OpenedAsker {
  const legacy = new Upstream('legacy', config.legacy);
  const candidates = new Map(
    Object.entries(config.slices).map(([name, { candidate }]) => [name, new Upstream(name, candidate)]),
  );
  const upstreams = { legacy, candidateOf: (slice: string) => candidates.get(slice)! };
  const asker = new Asker(config, upstreams, Date.now);
  const all = [legacy, ...candidates.values()];
  return {
    ask: (side, asked) => asker.ask(side, asked),
    refusal: (asked) => asker.refusal(asked),
    sealRefusal: (observation) => asker.sealRefusal(observation),
    retire: () => {
      for (const upstream of all) void upstream.drain();
    },
    close: () => {
      for (const upstream of all) upstream.close();
    },
  };
}

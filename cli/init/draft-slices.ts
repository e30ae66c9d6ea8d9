/** From what was found and given to the slices of the first config. */
import { printable } from '@ficus/core';
import type { DraftSlice } from './first-config.ts';
import type { GivenCandidate } from './init-options.ts';
import type { LeftOut } from './openapi/operations.ts';
import { type ProposalContext, type ProposedRoute, proposeSlices } from './openapi/propose-slices.ts';
import type { Note, Say } from './probe/note.ts';
import type { CandidateFacts } from './probe/probe-candidate.ts';

export interface DraftInput {
  /** The monolith's OpenAPI document; undefined when there is none. */
  readonly document: unknown;
  readonly context: ProposalContext;
  readonly candidates: readonly GivenCandidate[];
  /** A slice that is wanted whatever the document says. */
  readonly wanted?: string | undefined;
  /** Asks a candidate. */
  readonly probe: (candidate: GivenCandidate, wantsRoutes: boolean) => Promise<CandidateFacts>;
  /** Asks it as a caller without credentials. @returns a path that it refuses */
  readonly probeGuest: (
    candidate: GivenCandidate,
    routes: readonly ProposedRoute[],
  ) => Promise<string | undefined>;
}

export interface Drafted {
  readonly slices: readonly DraftSlice[];
  readonly leftOut: readonly LeftOut[];
}

export async function draftSlices(input: DraftInput, say: Say): Promise<Drafted> {
  const { slices: proposed, leftOut } = proposeSlices(input.document, input.context);
  const drafts = new Map<string, DraftSlice>(proposed.map((slice) => [slice.name, slice]));
  for (const note of notesOfLeftOut(leftOut)) say(note);
  for (const candidate of input.candidates) {
    const known = drafts.get(candidate.slice);
    const facts = await input.probe(candidate, known === undefined);
    const routes = known?.routes ?? routesOfCandidate(facts, candidate, input.context);
    if (routes.length === 0) say(withoutRoutes(candidate.slice, proposed));
    const refused = await input.probeGuest(candidate, routes);
    drafts.set(candidate.slice, {
      name: candidate.slice,
      routes,
      candidateUrl: candidate.url,
      ...(facts.health !== undefined && { health: facts.health }),
      ...(refused !== undefined && { refusesGuests: refused }),
    });
  }
  const { wanted } = input;
  if (wanted !== undefined && !drafts.has(wanted)) drafts.set(wanted, { name: wanted, routes: [] });
  return { slices: [...drafts.values()], leftOut };
}

/** Those of the service's own document, all in its one slice. */
function routesOfCandidate({ openApi }: CandidateFacts, { url }: GivenCandidate, context: ProposalContext) {
  if (openApi === undefined) return [];
  const { slices } = proposeSlices(openApi.document, {
    ...context,
    legacyUrl: url,
    source: openApi.url,
    asOne: true,
  });
  return slices[0]?.routes ?? [];
}

function withoutRoutes(slice: string, proposed: readonly { readonly name: string }[]): Note {
  const names = proposed.map(({ name }) => name).join(', ');
  const known = names === '' ? '' : ` The monolith’s document gives: ${names}.`;
  return {
    kind: 'attention',
    text: `No routes of ${slice} are known, so it is written as a comment: fill in its routes.${known}`,
  };
}

const MOST_LINES = 10;

function notesOfLeftOut(leftOut: readonly LeftOut[]): Note[] {
  const lines = leftOut
    .slice(0, MOST_LINES)
    .map(({ what, why }): Note => ({ kind: 'attention', text: printable(`left out ${what}: ${why}`) }));
  const more = leftOut.length - lines.length;
  if (more > 0) lines.push({ kind: 'attention', text: `left out ${more} more operations; --json lists all` });
  return lines;
}

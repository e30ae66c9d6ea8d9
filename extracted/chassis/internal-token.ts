/** The hook in front of routes for the sample's own programs: they send a token that no client knows. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { Problem } from './problem.ts';

export const INTERNAL_TOKEN_HEADER = 'x-internal-token';

/** Shorter ones are refused at the start. */
export const INTERNAL_TOKEN_LENGTH = 16;

/** Puts all routes of this scope behind the token; without one they are closed. */
export function requireInternalToken(scope: FastifyInstance, token: string | undefined): void {
  scope.addHook('onRequest', async (request) => {
    const given = request.headers[INTERNAL_TOKEN_HEADER];
    if (token === undefined || typeof given !== 'string' || !isSame(given, token))
      throw new Problem(401, 'Only the shop’s own programs may call this.');
  });
}

/** Takes the same time for every wrong token, whatever its length. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(token));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

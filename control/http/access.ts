/**
 * Who may call. With a token: its holders. Without one the control plane listens only on loopback, and a foreign page
 * in a browser on the same machine must not reach it: requests that name a foreign host (DNS rebinding) or come from a
 * foreign page are refused.
 */
import { timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { bareHost, FicusError } from '@ficus/core';
import { DASHBOARD_FILES } from '@ficus/dashboard';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Probes, the page itself and the API's description contain no data. */
const OPEN = new Set(['/healthz', '/readyz', '/openapi.json', ...DASHBOARD_FILES.map(({ path }) => path)]);

/** Whether a path answers without the token. */
export const isOpen = (path: string): boolean => OPEN.has(path);

export function guardAccess(app: FastifyInstance, token: string | undefined): void {
  app.addHook('onRequest', async (request) => {
    const path = request.url.split('?', 1)[0] ?? '';
    if (token === undefined) refuseForeignPages(request);
    else if (!isOpen(path)) requireToken(request, token);
  });
}

/** @throws FicusError FICUS_CONTROL_TOKEN_REQUIRED */
export function requireLoopbackOrToken(host: string, token: string | undefined): void {
  if (token !== undefined || isLoopback(host)) return;
  throw new FicusError(
    'FICUS_CONTROL_TOKEN_REQUIRED',
    `control.listen names ${host}, which other machines can reach, but control.token is not set.`,
  );
}

function isLoopback(host: string): boolean {
  const name = bareHost(host).toLowerCase();
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

function requireToken(request: FastifyRequest, token: string): void {
  // Unleash's clients send the bare token, all others `Bearer TOKEN`.
  const given = request.headers.authorization?.replace(/^Bearer\s+/i, '');
  if (given === undefined)
    throw new FicusError('FICUS_CONTROL_TOKEN_MISSING', 'The request has no Authorization header.');
  const [left, right] = [Buffer.from(given), Buffer.from(token)];
  if (left.length !== right.length || !timingSafeEqual(left, right))
    throw new FicusError('FICUS_CONTROL_FORBIDDEN', 'The token is not the one in control.token.');
}

function refuseForeignPages(request: FastifyRequest): void {
  const { host = '', origin } = request.headers;
  const loopback = isLoopback(hostOf(`http://${host}`) ?? '');
  // A page from another port of this machine is a foreign page too.
  if (loopback && (origin === undefined || origin === `http://${host}`)) return;
  throw new FicusError(
    'FICUS_CONTROL_FOREIGN_ORIGIN',
    'Without control.token only pages and programs of this machine may call.',
  );
}

function hostOf(url: string): string | undefined {
  try {
    return new URL(url).hostname;
  } catch {
    return undefined;
  }
}

/**
 * A request marked `x-ficus-shadow: 1` is a copy for comparing answers: no user sees its answer. A write then returns
 * its usual answer and changes no data.
 */
import type { FastifyRequest } from 'fastify';

export function isShadow(request: FastifyRequest): boolean {
  return request.headers['x-ficus-shadow'] === '1';
}

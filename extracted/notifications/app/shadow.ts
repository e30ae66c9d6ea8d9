/**
 * A request marked `x-ficus-shadow: 1` is a copy, made to compare answers: no user sees its answer. A write then
 * answers what it would have answered, and changes no data.
 */
import type { FastifyRequest } from 'fastify';

export function isShadow(request: FastifyRequest): boolean {
  return request.headers['x-ficus-shadow'] === '1';
}

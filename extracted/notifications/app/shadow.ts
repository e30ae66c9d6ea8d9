/**
 * A request marked `x-ficus-shadow: 1` is a copy, made to compare answers: its answer goes to nobody. A write then
 * answers what it would have answered, and leaves the data alone.
 */
import type { FastifyRequest } from 'fastify';

export function isShadow(request: FastifyRequest): boolean {
  return request.headers['x-ficus-shadow'] === '1';
}

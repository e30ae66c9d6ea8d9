/**
 * One endpoint of the admin API, described once: fastify's route, validation and the OpenAPI document come from the
 * same description, so that they cannot diverge.
 */
import type { ControlRole } from '@ficus/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Caller } from './access-tokens.ts';
import { parseBody } from './parse-body.ts';
import { requireWanted } from './require-wanted.ts';
import { certificateNameOf } from './secure-listener.ts';

interface EndpointRequest<Body, Query> {
  readonly params: Readonly<Record<string, string>>;
  readonly body: Body;
  readonly query: Query;
  /** The caller, for the audit. */
  readonly actor: string;
  readonly caller: Caller;
  /** To be called just before a change that must not be made late: @throws FicusError FICUS_CONTROL_CHANGE_EXPIRED */
  requireWanted(): void;
}

export interface Endpoint {
  readonly method: 'GET' | 'PUT' | 'POST';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly body?: z.ZodType | undefined;
  readonly query?: z.ZodObject | undefined;
  readonly answer: z.ZodType;
  /** What a token needs; by default `read` for GET, `operate` for changes. */
  readonly role?: ControlRole | undefined;
  /** Status of a successful answer; 200 by default. */
  readonly status?: 200 | 202 | undefined;
  handle(request: EndpointRequest<unknown, unknown>): unknown;
}

interface TypedEndpoint<B extends z.ZodType, Q extends z.ZodObject, A extends z.ZodType>
  extends Omit<Endpoint, 'body' | 'query' | 'answer' | 'handle'> {
  readonly body?: B;
  readonly query?: Q;
  readonly answer: A;
  handle(request: EndpointRequest<z.output<B>, z.output<Q>>): z.input<A> | Promise<z.input<A>>;
}

/** Checks the types of `handle` against the schemas. */
export function endpoint<B extends z.ZodType, Q extends z.ZodObject, A extends z.ZodType>(
  described: TypedEndpoint<B, Q, A>,
): Endpoint {
  return described as unknown as Endpoint;
}

export function registerEndpoints(app: FastifyInstance, endpoints: readonly Endpoint[]): void {
  for (const { id, method, path, role, body, query = z.object({}), status, handle } of endpoints) {
    // A name that is not known may be a misspelt one: what it was to narrow would be answered whole.
    const parameters = query.strict();
    app.route({
      method,
      url: path,
      config: { role: role ?? (method === 'GET' ? 'read' : 'operate') },
      handler: async (request, reply) => {
        const params = request.params as Record<string, string>;
        const actor = actorOf(request);
        const answer = await handle({
          params,
          query: parseBody(parameters, request.query),
          body: body ? parseBody(body, request.body) : undefined,
          actor,
          caller: request.caller,
          requireWanted: () => requireWanted(request),
        });
        if (method !== 'GET') request.log.info({ operation: id, slice: params.name, actor }, 'admin request');
        return reply
          .code(status ?? 200)
          .header('cache-control', 'no-store')
          .send(answer);
      },
    });
  }
}

/**
 * The token's name, with the name that the caller gives in parentheses, and the name in its certificate, if it has one, in
 * brackets. Where there are no tokens there is only the
 * caller's own claim; it is bounded and has no parentheses, so it cannot look like an owner's entry.
 */
function actorOf(request: FastifyRequest): string {
  const certificate = cleanName(certificateNameOf(request));
  return certificate === undefined ? callerOf(request) : `${callerOf(request)} [${certificate}]`;
}

function callerOf(request: FastifyRequest): string {
  const { owner } = request.caller;
  const claimed = claimedActor(request);
  if (owner === undefined) return claimed ?? `api (${request.ip})`;
  return `${owner} (${claimed ?? request.ip})`;
}

function claimedActor(request: FastifyRequest): string | undefined {
  const said = request.headers['x-ficus-actor'];
  return cleanName(Array.isArray(said) ? said[0] : said);
}

function cleanName(said: string | undefined): string | undefined {
  const name = said
    ?.replace(/[^\p{L}\p{N} @._-]/gu, '')
    .slice(0, 100)
    .trim();
  return name || undefined;
}

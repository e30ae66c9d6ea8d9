/** The OpenAPI 3.1 document, generated from the endpoints and probes themselves. */
import { z } from 'zod';
import { isOpen } from './access.ts';
import type { Endpoint } from './endpoint.ts';
import type { Probe } from './probe.ts';

interface JsonObject {
  readonly [name: string]: unknown;
}

export function buildOpenApi(endpoints: readonly Endpoint[], probes: readonly Probe[]): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const described of endpoints) {
    const path = described.path.replace(/:([a-z]+)/gi, '{$1}');
    paths[path] = { ...paths[path], [described.method.toLowerCase()]: operation(described) };
  }
  for (const probe of probes) paths[probe.path] = { get: describeProbe(probe) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ficus control plane',
      version: '1',
      description:
        'Stage, flags, parity, replication and audit of every slice. Errors are problem+json (RFC 9457).',
    },
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'control.token or one of control.tokens in ficus.yaml',
        },
      },
      responses: { Problem: { description: 'What went wrong', content: problemContent } },
    },
    security: [{ token: [] }, {}],
  };
}

const problemContent = {
  'application/problem+json': {
    schema: {
      type: 'object',
      required: ['type', 'title', 'status', 'code', 'remedy'],
      properties: {
        type: { type: 'string' },
        title: { type: 'string' },
        status: { type: 'integer' },
        detail: { type: 'string' },
        code: { type: 'string' },
        remedy: { type: 'string' },
        errors: {
          type: 'array',
          items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
        },
        guards: {
          type: 'array',
          description: 'each guard’s answer, when a guard refused the step',
          items: {
            type: 'object',
            required: ['guard', 'answer', 'text', 'numbers'],
            properties: {
              guard: { type: 'string' },
              answer: { enum: ['pass', 'fail', 'insufficient evidence'] },
              text: { type: 'string' },
              numbers: { type: 'object', additionalProperties: { type: 'number' } },
            },
          },
        },
      },
    },
  },
};

function operation(described: Endpoint): JsonObject {
  const { id, summary, body, answer, status } = described;
  return {
    operationId: id,
    summary,
    parameters: [...pathParameters(described.path), ...queryParameters(described.query)],
    ...(body ? { requestBody: describeBody(jsonSchema(body, 'input')) } : {}),
    responses: {
      [status ?? 200]: {
        description: summary,
        content: { 'application/json': { schema: jsonSchema(answer, 'output') } },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

function describeProbe({ path, id, summary, type, answer, statuses }: Probe): JsonObject {
  const content = { [type]: { schema: jsonSchema(answer, 'output') } };
  const responses = Object.entries(statuses).map(([status, description]) => [
    status,
    { description, content },
  ]);
  return {
    operationId: id,
    summary,
    ...(isOpen(path) ? { security: [] } : {}),
    responses: {
      ...Object.fromEntries(responses),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** A body may be omitted when all of its members have defaults. */
function describeBody(schema: JsonObject): JsonObject {
  return { required: schema.required !== undefined, content: { 'application/json': { schema } } };
}

function pathParameters(path: string): JsonObject[] {
  return [...path.matchAll(/:([a-z]+)/gi)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: z.ZodObject | undefined): JsonObject[] {
  if (!query) return [];
  const { properties = {}, required = [] } = jsonSchema(query, 'input') as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonObject;
  return rest;
}

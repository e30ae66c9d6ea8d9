/** The OpenAPI 3.1 document, made from the endpoints themselves. */
import { z } from 'zod';
import type { Endpoint } from './endpoint.ts';

interface JsonObject {
  readonly [name: string]: unknown;
}

export function buildOpenApi(endpoints: readonly Endpoint[]): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const described of endpoints) {
    const path = described.path.replace(/:([a-z]+)/gi, '{$1}');
    paths[path] = { ...paths[path], [described.method.toLowerCase()]: operation(described) };
  }
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
        token: { type: 'http', scheme: 'bearer', description: 'control.token in ficus.yaml' },
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

/** A body whose members all have defaults may be left out. */
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

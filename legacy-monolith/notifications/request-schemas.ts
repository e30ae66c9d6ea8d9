/** JSON Schemas of /internal/notifications: what other parts of the shop ask for. */
import { dateTime } from '@ficus-sample/chassis/schemas.ts';
import { KINDS } from './preferences.ts';

const requestSchema = {
  type: 'object',
  required: ['id', 'customerId', 'orderId', 'kind', 'title', 'body', 'payload', 'tags', 'createdAt'],
  properties: {
    id: { type: 'integer', minimum: 1, description: 'given by the asking program; taken once' },
    customerId: { type: 'integer', minimum: 1 },
    orderId: { type: ['integer', 'null'] },
    kind: { type: 'string', enum: KINDS },
    title: { type: 'string' },
    body: { type: 'string' },
    payload: { type: 'object', additionalProperties: true },
    tags: { type: 'array', items: { type: 'string' } },
    createdAt: dateTime,
  },
} as const;

export const requestsSchema = {
  type: 'object',
  required: ['requests'],
  properties: { requests: { type: 'array', minItems: 1, maxItems: 100, items: requestSchema } },
} as const;

export const takenSchema = {
  type: 'object',
  required: ['taken'],
  properties: {
    taken: { type: 'integer', description: 'all that were posted, muted ones and repeated ones included' },
  },
} as const;

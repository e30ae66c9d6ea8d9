/** JSON Schemas that many routes share. */

const problemSchema = {
  description: 'What went wrong (RFC 9457)',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        required: ['type', 'title', 'status', 'detail'],
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
          errors: {
            type: 'array',
            items: {
              type: 'object',
              required: ['in', 'path', 'message'],
              properties: { in: { type: 'string' }, path: { type: 'string' }, message: { type: 'string' } },
            },
          },
        },
      },
    },
  },
} as const;

/** Problem answers of these statuses, for a route's `response`. */
export function problemResponse(...statuses: readonly number[]): Record<number, typeof problemSchema> {
  return Object.fromEntries(statuses.map((status) => [status, problemSchema]));
}

/** Path parameter `id` of a bigserial key. */
export const idParams = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } },
} as const;

/** Query of a list that is paged by key: the page after (that is, older than) `before`. */
export const keysetProperties = {
  limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
  before: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
} as const;

export const dateTime = { type: 'string', format: 'date-time' } as const;

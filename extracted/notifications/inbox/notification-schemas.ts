/** JSON Schemas of /api/notifications, the first version of the contract; the order of properties is the order on the wire. */
import { dateTime, keysetProperties } from '@ficus-sample/chassis/schemas.ts';
import { CHANNELS, KINDS } from './contract-words.ts';

export const notificationSchema = {
  type: 'object',
  required: [
    'id',
    'kind',
    'channel',
    'title',
    'body',
    'payload',
    'tags',
    'orderId',
    'digest',
    'read',
    'readAt',
    'createdAt',
  ],
  properties: {
    id: { type: 'integer' },
    kind: { type: 'string', enum: KINDS },
    channel: { type: 'string', enum: CHANNELS },
    title: { type: 'string' },
    body: { type: 'string' },
    payload: { type: 'object', additionalProperties: true },
    tags: { type: 'array', items: { type: 'string' } },
    orderId: { type: ['integer', 'null'] },
    digest: { type: 'string', description: 'SHA-256 of the payload, hexadecimal' },
    read: { type: 'boolean' },
    readAt: { type: ['string', 'null'], format: 'date-time' },
    createdAt: dateTime,
  },
} as const;

export const notificationQuery = {
  type: 'object',
  properties: {
    ...keysetProperties,
    unread: { type: 'boolean', default: false, description: 'only unread ones' },
  },
} as const;

export const notificationListSchema = {
  type: 'object',
  required: ['items', 'unread', 'next'],
  properties: {
    items: { type: 'array', items: notificationSchema },
    unread: { type: 'integer', description: 'all unread ones, on whatever page' },
    next: { type: ['integer', 'null'], description: 'before of the next page' },
  },
} as const;

export const readAllSchema = {
  type: 'object',
  required: ['updated'],
  properties: { updated: { type: 'integer' } },
} as const;

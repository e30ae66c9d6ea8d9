/** JSON Schemas of /api/notifications and /api/notification-preferences; the order of properties is the order on the wire. */
import { dateTime, keysetProperties } from '@ficus-sample/chassis/schemas.ts';
import { CHANNELS, KINDS } from './preferences.ts';

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

const timeOfDay = { type: 'string', pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' } as const;

const settingsProperties = {
  channels: {
    type: 'object',
    required: CHANNELS,
    additionalProperties: false,
    properties: {
      email: { type: 'boolean' },
      sms: { type: 'boolean' },
      push: { type: 'boolean' },
      web: { type: 'boolean' },
    },
  },
  mutedKinds: {
    type: 'array',
    items: { type: 'string', enum: KINDS },
    maxItems: KINDS.length,
    uniqueItems: true,
  },
  quietHours: {
    anyOf: [
      {
        type: 'object',
        required: ['from', 'to'],
        additionalProperties: false,
        properties: { from: timeOfDay, to: timeOfDay },
      },
      { type: 'null' },
    ],
  },
} as const;

const settingsRequired = ['channels', 'mutedKinds', 'quietHours'] as const;

export const settingsSchema = {
  type: 'object',
  required: settingsRequired,
  properties: settingsProperties,
} as const;

export const preferencesSchema = {
  type: 'object',
  required: [...settingsRequired, 'updatedAt'],
  properties: { ...settingsProperties, updatedAt: { type: ['string', 'null'], format: 'date-time' } },
} as const;

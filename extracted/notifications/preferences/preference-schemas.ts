/** JSON Schemas of /api/notification-preferences. */
import { CHANNELS, KINDS } from '../inbox/contract-words.ts';

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

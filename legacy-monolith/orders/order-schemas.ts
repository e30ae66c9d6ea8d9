/** JSON Schemas of /api/orders. */

import { dateTime, idParams } from '@ficus-sample/chassis/schemas.ts';
import { money } from '../catalog/money.ts';
import { PAYMENT_METHODS } from '../payments/payments.ts';
import { ORDER_ACTIONS, ORDER_STATES } from './order-states.ts';

const summaryProperties = {
  id: { type: 'integer' },
  state: { type: 'string', enum: ORDER_STATES },
  total: money,
  placedAt: dateTime,
  stateChangedAt: dateTime,
} as const;

const summaryRequired = ['id', 'state', 'total', 'placedAt', 'stateChangedAt'] as const;

export const orderListSchema = {
  type: 'object',
  required: ['items', 'next'],
  properties: {
    items: {
      type: 'array',
      items: { type: 'object', required: summaryRequired, properties: summaryProperties },
    },
    next: { type: ['integer', 'null'], description: 'before of the next page' },
  },
} as const;

export const orderSchema = {
  type: 'object',
  required: [...summaryRequired, 'shippingAddress', 'payment', 'lines'],
  properties: {
    ...summaryProperties,
    shippingAddress: { type: 'object', additionalProperties: true },
    payment: {
      anyOf: [
        {
          type: 'object',
          required: ['method', 'state'],
          properties: { method: { type: 'string' }, state: { type: 'string' } },
        },
        { type: 'null' },
      ],
    },
    lines: {
      type: 'array',
      items: {
        type: 'object',
        required: ['productId', 'name', 'quantity', 'unitPrice'],
        properties: {
          productId: { type: 'integer' },
          name: { type: 'string' },
          quantity: { type: 'integer' },
          unitPrice: money,
        },
      },
    },
  },
} as const;

export const actionParams = {
  type: 'object',
  required: ['id', 'action'],
  properties: { ...idParams.properties, action: { type: 'string', enum: ORDER_ACTIONS } },
} as const;

export const actionBody = {
  type: ['object', 'null'],
  properties: { method: { type: 'string', enum: PAYMENT_METHODS, description: 'for pay; card by default' } },
} as const;

/** /api/cart: read it, set an item, take an item out. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { authenticate } from '../accounts/authenticate.ts';
import { money } from '../catalog/money.ts';
import { readCart, setCartItem } from './cart.ts';

const cartSchema = {
  type: 'object',
  required: ['items', 'total'],
  properties: {
    items: {
      type: 'array',
      items: {
        type: 'object',
        required: ['productId', 'name', 'quantity', 'unitPrice', 'amount'],
        properties: {
          productId: { type: 'integer' },
          name: { type: 'string' },
          quantity: { type: 'integer' },
          unitPrice: money,
          amount: money,
        },
      },
    },
    total: money,
  },
} as const;

const itemParams = {
  type: 'object',
  required: ['productId'],
  properties: { productId: { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER } },
} as const;

const quantityBody = {
  type: 'object',
  required: ['quantity'],
  properties: { quantity: { type: 'integer', minimum: 0, maximum: 99 } },
} as const;

export function cartApi(app: FastifyInstance, db: Database): void {
  app.register(async (scope) => {
    authenticate(scope, db);

    scope.get(
      '/api/cart',
      {
        schema: {
          tags: ['cart'],
          summary: 'The cart',
          response: { 200: cartSchema, ...problemResponse(401) },
        },
      },
      (request) => readCart(db, request.customer.id),
    );

    scope.put<{ Params: { productId: number }; Body: { quantity: number } }>(
      '/api/cart/items/:productId',
      {
        schema: {
          tags: ['cart'],
          summary: 'Sets how many of a product are in the cart; 0 takes it out',
          params: itemParams,
          body: quantityBody,
          response: { 200: cartSchema, ...problemResponse(400, 401, 404) },
        },
      },
      (request) => setCartItem(db, request.customer.id, request.params.productId, request.body.quantity),
    );

    scope.delete<{ Params: { productId: number } }>(
      '/api/cart/items/:productId',
      {
        schema: {
          tags: ['cart'],
          summary: 'Takes a product out of the cart',
          params: itemParams,
          response: { 200: cartSchema, ...problemResponse(400, 401) },
        },
      },
      (request) => setCartItem(db, request.customer.id, request.params.productId, 0),
    );
  });
}

/** /api/products: list, search, pages, one. Open to everybody. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { notFound } from '@ficus-sample/chassis/problem.ts';
import { idParams, problemResponse } from '@ficus-sample/chassis/schemas.ts';
import type { FastifyInstance } from 'fastify';
import { money } from './money.ts';
import { findProduct, listProducts } from './products.ts';

const productSchema = {
  type: 'object',
  required: ['id', 'sku', 'name', 'description', 'price', 'category', 'tags', 'attributes', 'inStock'],
  properties: {
    id: { type: 'integer' },
    sku: { type: 'string' },
    name: { type: 'string' },
    description: { type: 'string' },
    price: money,
    category: { type: 'string' },
    tags: { type: 'array', items: { type: 'string' } },
    attributes: { type: 'object', additionalProperties: true },
    inStock: { type: 'integer' },
  },
} as const;

const listQuery = {
  type: 'object',
  properties: {
    q: { type: 'string', maxLength: 100, description: 'part of the name' },
    category: { type: 'string', maxLength: 100, description: 'slug of a category' },
    page: { type: 'integer', minimum: 1, maximum: 10_000, default: 1 },
    size: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
  },
} as const;

const listResponse = {
  type: 'object',
  required: ['items', 'page', 'size', 'total'],
  properties: {
    items: { type: 'array', items: productSchema },
    page: { type: 'integer' },
    size: { type: 'integer' },
    total: { type: 'integer' },
  },
} as const;

interface ListQuery {
  q?: string;
  category?: string;
  page: number;
  size: number;
}

export function catalogApi(app: FastifyInstance, db: Database): void {
  app.get<{ Querystring: ListQuery }>(
    '/api/products',
    {
      schema: {
        tags: ['catalog'],
        summary: 'Products, by page',
        security: [],
        querystring: listQuery,
        response: { 200: listResponse, ...problemResponse(400) },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'public, max-age=5');
      const { page, size } = request.query;
      return { ...(await listProducts(db, request.query)), page, size };
    },
  );

  app.get<{ Params: { id: number } }>(
    '/api/products/:id',
    {
      schema: {
        tags: ['catalog'],
        summary: 'One product',
        security: [],
        params: idParams,
        response: { 200: productSchema, ...problemResponse(400, 404) },
      },
    },
    async (request, reply) => {
      const product = await findProduct(db, request.params.id);
      if (!product) throw notFound('product');
      reply.header('cache-control', 'public, max-age=5');
      return product;
    },
  );
}

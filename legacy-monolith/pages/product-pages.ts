/** /products and /products/:id. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { notFound } from '@ficus-sample/chassis/problem.ts';
import type { FastifyInstance } from 'fastify';
import { findProduct, listCategories, listProducts, type Product } from '../catalog/products.ts';
import { type Html, html } from './html.ts';
import { euros } from './layout.ts';
import { sendPage } from './page-context.ts';
import { pageNumber, rowId } from './request-values.ts';

const PAGE_SIZE = 24;

interface ListQuery {
  q?: string;
  category?: string;
  page?: string;
}

export function productPages(app: FastifyInstance, db: Database): void {
  app.get<{ Querystring: ListQuery }>('/products', async (request, reply) => {
    const { q, category } = request.query;
    const page = pageNumber(request.query.page);
    const { items, total } = await listProducts(db, {
      q: q || undefined,
      category: category || undefined,
      page,
      size: PAGE_SIZE,
    });
    const categories = await listCategories(db);
    const link = (to: number) =>
      `/products?${new URLSearchParams({ q: q ?? '', category: category ?? '', page: String(to) })}`;
    return sendPage(
      request,
      reply,
      'Products',
      html`
      <form class="row" method="get" action="/products" role="search">
        <input name="q" value="${q}" placeholder="Search" aria-label="Search">
        <select name="category" aria-label="Category">
          <option value="">All categories</option>
          ${categories.map(({ slug, name }) =>
            slug === category
              ? html`<option value="${slug}" selected>${name}</option>`
              : html`<option value="${slug}">${name}</option>`,
          )}
        </select>
        <button class="quiet">Search</button>
        <span class="soft">${total} products</span>
      </form>
      <ul class="grid">${items.map(productCard)}</ul>
      <p class="row">
        ${page > 1 && html`<a href="${link(page - 1)}" rel="prev">Back</a>`}
        ${page * PAGE_SIZE < total && html`<a href="${link(page + 1)}" rel="next">More</a>`}
      </p>`,
    );
  });

  app.get<{ Params: { id: string } }>('/products/:id', async (request, reply) => {
    const product = await findProduct(db, rowId(request.params.id, 'product'));
    if (!product) throw notFound('product');
    return sendPage(request, reply, product.name, productDetails(product));
  });
}

function productCard(product: Product): Html {
  return html`<li class="card">
    <h2><a href="/products/${product.id}">${product.name}</a></h2>
    <span class="soft">${product.category}</span>
    <span>${product.tags.map((tag) => html`<span class="tag">${tag}</span> `)}</span>
    <span class="price">${euros(product.price)}</span>
  </li>`;
}

function productDetails(product: Product): Html {
  return html`<div class="card">
    <p>${product.description}</p>
    <p class="soft">${product.sku} · ${product.category} · ${product.inStock} in stock
      ${Object.entries(product.attributes).map(([name, value]) => html` · ${name}: ${String(value)}`)}</p>
    <p class="price">${euros(product.price)}</p>
    <form class="row" method="post" action="/cart/items">
      <input type="hidden" name="productId" value="${product.id}">
      <label>Quantity <input type="number" name="quantity" value="1" min="1" max="99"></label>
      <button>Put in cart</button>
    </form>
  </div>`;
}

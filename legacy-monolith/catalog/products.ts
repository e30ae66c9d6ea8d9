/** Products as shown: with their category's name and the remaining stock, joined on each read. */
import type { Statements } from '@ficus-sample/chassis/database.ts';

export interface Product {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  /** EUR, two digits after the point. */
  readonly price: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inStock: number;
}

interface ProductQuery {
  readonly q?: string | undefined;
  readonly category?: string | undefined;
  /** From 1. */
  readonly page: number;
  readonly size: number;
}

const PRODUCT = `
  SELECT products.id, products.sku, products.name, products.description, products.price,
         categories.slug AS category, products.tags, products.attributes, stock.quantity AS "inStock"
  FROM products
  JOIN categories ON categories.id = products.category_id
  JOIN stock ON stock.product_id = products.id`;

const MATCHES = `
  ($1::text IS NULL OR products.name ILIKE '%' || $1 || '%') AND ($2::text IS NULL OR categories.slug = $2)`;

const LIST = `${PRODUCT} WHERE ${MATCHES} ORDER BY products.id LIMIT $3 OFFSET $4`;

const COUNT = `
  SELECT count(*) AS total FROM products JOIN categories ON categories.id = products.category_id WHERE ${MATCHES}`;

export async function listProducts(
  db: Statements,
  query: ProductQuery,
): Promise<{ readonly items: readonly Product[]; readonly total: number }> {
  const filter = [query.q ? escapeLike(query.q) : null, query.category ?? null];
  const items = await db.rows<Product>('products.list', LIST, [
    ...filter,
    query.size,
    (query.page - 1) * query.size,
  ]);
  const count = await db.row<{ total: number }>('products.count', COUNT, filter);
  return { items, total: count?.total ?? 0 };
}

export function findProduct(db: Statements, id: number): Promise<Product | undefined> {
  return db.row<Product>('products.find', `${PRODUCT} WHERE products.id = $1`, [id]);
}

export interface Category {
  readonly slug: string;
  readonly name: string;
}

export function listCategories(db: Statements): Promise<Category[]> {
  return db.rows<Category>('categories.list', 'SELECT slug, name FROM categories ORDER BY id');
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

/**
 * The application of every subject: the routes of the slice over a pool of connections to PgBouncer or to a database, in
 * plain `node:http`. One process listens on one address; its first line of output says which.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { NOTE_INSERT } from './slice-tables.ts';

const [url = ''] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: url, max: 20 });
pool.on('error', () => undefined);

const ONE =
  'SELECT id::float8 AS id, title, is_read AS read FROM notifications WHERE id = $1 AND customer_id = $2';
const LIST = `SELECT id::float8 AS id, title, is_read AS read FROM notifications WHERE customer_id = $1
  ORDER BY id DESC LIMIT 20`;
const MARK = `UPDATE notifications SET is_read = true, read_date = coalesce(read_date, now())
  WHERE id = $1 AND customer_id = $2 RETURNING id::float8 AS id, title, is_read AS read`;
const INSERT = `${NOTE_INSERT} RETURNING id::float8 AS id, title, is_read AS read`;

const ROUTE = /^\/api\/notifications(?:\/(\d+)(\/read)?)?(?:\?|$)/;

async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  const customer = Number(/(?:^|; )sid=(\d+)/.exec(request.headers.cookie ?? '')?.[1]);
  const [found, id, read] = ROUTE.exec(request.url ?? '') ?? [];
  const isPost = request.method === 'POST';
  if (!found || (isPost && id !== undefined && !read)) return { status: 404, body: {} };
  if (!Number.isInteger(customer)) return { status: 401, body: {} };
  if (id !== undefined) {
    const { rows } = await pool.query(isPost ? MARK : ONE, [Number(id), customer]);
    return rows.length === 0 ? { status: 404, body: {} } : { status: 200, body: rows[0] };
  }
  if (!isPost) return { status: 200, body: { items: (await pool.query(LIST, [customer])).rows } };
  const { title } = JSON.parse(await textOf(request)) as { title: string };
  return { status: 201, body: (await pool.query(INSERT, [title, customer])).rows[0] };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return text;
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body } = await answer(request).catch(({ code, message }: pg.DatabaseError) => ({
    status: 500,
    body: { code, message },
  }));
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

const server = createServer(
  { keepAliveTimeout: 60_000 },
  (request, response) => void serve(request, response),
);
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
});
// The benchmark holds the other end of standard input: without it, this process has no purpose.
process.stdin.on('end', () => process.exit(0)).resume();
process.on('SIGTERM', () => process.exit(0));

/** Sessions: a row and a cookie `sid`. Used by the API, the pages and /internal/whoami alike. */
import { randomBytes } from 'node:crypto';
import type { Statements } from '@ficus-sample/chassis/database.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { passwordMatches } from './passwords.ts';

const SESSION_COOKIE = 'sid';
const SESSION_DAYS = 30;

export interface Customer {
  readonly id: number;
  readonly email: string;
  readonly name: string;
}

export interface Session {
  readonly id: string;
  readonly customer: Customer;
}

const FIND_SESSION = `
  SELECT customers.id, customers.email, customers.name
  FROM sessions JOIN customers ON customers.id = sessions.customer_id
  WHERE sessions.id = $1 AND sessions.expires_at > now()`;

const FIND_CREDENTIALS = 'SELECT id, email, name, password_digest FROM customers WHERE email = $1';

const OPEN_SESSION = `
  INSERT INTO sessions (id, customer_id, expires_at) VALUES ($1, $2, now() + $3 * interval '1 day')`;

/** The session behind the request's cookie, if it is valid. */
export async function findSession(db: Statements, request: FastifyRequest): Promise<Session | undefined> {
  const id = request.cookies[SESSION_COOKIE];
  if (!id) return undefined;
  const customer = await db.row<Customer>('sessions.find', FIND_SESSION, [id]);
  return customer && { id, customer };
}

/** Checks the credentials, opens a session and sets its cookie; undefined when they are wrong. */
export async function logIn(
  db: Statements,
  reply: FastifyReply,
  credentials: { readonly email: string; readonly password: string },
): Promise<Customer | undefined> {
  const email = credentials.email.trim().toLowerCase();
  const found = await db.row<Customer & { password_digest: Buffer }>(
    'customers.credentials',
    FIND_CREDENTIALS,
    [email],
  );
  if (!passwordMatches(found?.password_digest, email, credentials.password) || !found) return undefined;
  const id = randomBytes(24).toString('base64url');
  await db.rows('sessions.open', OPEN_SESSION, [id, found.id, SESSION_DAYS]);
  reply.setCookie(SESSION_COOKIE, id, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax', // with forms that POST, this is what keeps other sites from acting for the customer
    maxAge: SESSION_DAYS * 86_400,
  });
  return { id: found.id, email: found.email, name: found.name };
}

export async function logOut(db: Statements, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const id = request.cookies[SESSION_COOKIE];
  if (id) await db.rows('sessions.close', 'DELETE FROM sessions WHERE id = $1', [id]);
  reply.clearCookie(SESSION_COOKIE, { path: '/' });
}

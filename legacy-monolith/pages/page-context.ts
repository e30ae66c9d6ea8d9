/** What each page needs of a request: the current customer, a way to send HTML, and the login page for strangers. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Customer } from '../accounts/sessions.ts';
import type { Html } from './html.ts';
import { layout } from './layout.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The customer who is logged in, if any. */
    visitor: Customer | undefined;
  }
}

/** Thrown by a page that needs a customer; the pages' error handler shows the login page. */
export class LoginNeeded extends Error {
  readonly next: string;

  constructor(next: string) {
    super('Log in first.');
    this.next = next;
  }
}

export function requireVisitor(request: FastifyRequest): Customer {
  // After a POST the only sensible page to return to is the one it came from.
  if (!request.visitor) throw new LoginNeeded(request.method === 'GET' ? request.url : '/products');
  return request.visitor;
}

export function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  title: string,
  content: Html,
): FastifyReply {
  return reply
    .header('cache-control', 'private, no-store')
    .header('x-content-type-options', 'nosniff')
    .type('text/html; charset=utf-8')
    .send(layout({ title, customer: request.visitor }, content));
}

/** POST, redirect, GET. */
export function seeOther(reply: FastifyReply, path: string): FastifyReply {
  return reply.redirect(path, 303);
}

/** Only a path of this site; never another site that a crafted link names. */
export function localPath(next: string | undefined, fallback: string): string {
  return next && /^\/(?![/\\])[^\s\\]*$/.test(next) ? next : fallback;
}

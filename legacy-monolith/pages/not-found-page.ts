/**
 * For paths without a route: a page for a browser, the API's problem document for all other clients. Below /api there
 * are no pages: services that take over part of it answer as the shop does.
 */

import type { Database } from '@ficus-sample/chassis/database.ts';
import { handleNotFound, notFound } from '@ficus-sample/chassis/problem.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { findSession } from '../accounts/sessions.ts';
import { html } from './html.ts';
import { sendPage } from './page-context.ts';

export function answerNotFound(db: Database) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (/^\/api(?:[/?]|$)/.test(request.url)) return handleNotFound(request, reply);
    reply.header('vary', 'accept');
    if (!prefersHtml(request.headers.accept)) return handleNotFound(request, reply);
    // The page works even while the database is down.
    request.visitor = (await findSession(db, request).catch(() => undefined))?.customer;
    const { message, status } = notFound('page');
    reply.code(status);
    return sendPage(request, reply, 'Not Found', html`<p class="message" role="alert">${message}</p>`);
  };
}

/** Browsers name text/html first; programs name JSON, or take whatever there is. */
function prefersHtml(accept = ''): boolean {
  const weightOf = (type: RegExp) => {
    const range = accept.split(',').find((part) => type.test(part));
    return range === undefined ? 0 : Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1);
  };
  const page = weightOf(/^\s*text\/html\s*(?:;|$)/i);
  return page > 0 && page >= weightOf(/^\s*application\/(?:problem\+)?json\s*(?:;|$)/i);
}

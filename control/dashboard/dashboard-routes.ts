/** The dashboard's files: plain HTML, CSS and JavaScript of our own, nothing from elsewhere. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

export const DASHBOARD_FILES: readonly (readonly [url: string, file: string, type: string])[] = [
  ['/', 'dashboard.html', 'text/html; charset=utf-8'],
  ['/dashboard.css', 'dashboard.css', 'text/css; charset=utf-8'],
  ['/dashboard.js', 'dashboard.js', 'text/javascript; charset=utf-8'],
  ['/elements.js', 'elements.js', 'text/javascript; charset=utf-8'],
  ['/slice-card.js', 'slice-card.js', 'text/javascript; charset=utf-8'],
  ['/favicon.svg', 'favicon.svg', 'image/svg+xml'],
];

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export function registerDashboardRoutes(app: FastifyInstance): void {
  for (const [url, file, type] of DASHBOARD_FILES) {
    const content = readFileSync(join(import.meta.dirname, file), 'utf8');
    app.get(url, (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'no-cache')
        .header('content-security-policy', POLICY)
        .header('x-content-type-options', 'nosniff')
        .header('referrer-policy', 'no-referrer')
        .send(content),
    );
  }
}

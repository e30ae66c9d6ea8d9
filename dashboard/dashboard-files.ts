/**
 * The page: our own plain HTML, CSS and JavaScript, nothing from elsewhere. The control plane serves these files at
 * these paths (control/api/dashboard-routes.ts); the page gets its data from the admin API.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DashboardFile {
  /** Path at which the file is served. */
  readonly path: string;
  readonly mediaType: string;
  read(): string;
}

const JAVASCRIPT = 'text/javascript; charset=utf-8';

export const DASHBOARD_FILES: readonly DashboardFile[] = [
  pageFile('dashboard.html', 'text/html; charset=utf-8', '/'),
  pageFile('dashboard.css', 'text/css; charset=utf-8'),
  ...[
    'dashboard.js',
    'slice-card.js',
    'draw-stage.js',
    'draw-share.js',
    'draw-parity.js',
    'draw-reset.js',
    'draw-data.js',
    'draw-differences.js',
    'draw-back.js',
    'elements.js',
  ].map((name) => pageFile(name, JAVASCRIPT)),
  pageFile('favicon.svg', 'image/svg+xml'),
];

const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Sent with every file: the page loads nothing from elsewhere, and no other page may frame it. */
export const DASHBOARD_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

function pageFile(name: string, mediaType: string, path = `/${name}`): DashboardFile {
  return { path, mediaType, read: () => readFileSync(join(import.meta.dirname, 'page', name), 'utf8') };
}

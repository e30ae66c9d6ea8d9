/** What all pages share: head, navigation, footer, and how money and dates are written. */
import type { Customer } from '../accounts/sessions.ts';
import { type Html, html } from './html.ts';

interface PageFacts {
  readonly title: string;
  readonly customer: Customer | undefined;
}

export function layout({ title, customer }: PageFacts, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title} · Copper &amp; Oak</title>
  <link rel="stylesheet" href="/style.css">
</head>
<body>
  <header>
    <nav aria-label="Main">
      <a class="brand" href="/products">Copper &amp; Oak</a>
      <a href="/products">Products</a>
      ${customer ? memberLinks(customer) : html`<span class="grow"></span><a href="/login">Log in</a>`}
    </nav>
    ${customer && html`<p id="answered-by" role="status"></p>`}
  </header>
  <main>
    <h1>${title}</h1>
    ${content}
  </main>
  <footer>A sample shop: a monolith, with everything in one database.</footer>
  ${customer && html`<script type="module" src="/notifications.js"></script>`}
</body>
</html>
`.markup;
}

function memberLinks(customer: Customer): Html {
  return html`<a href="/orders">Orders</a>
      <a href="/inbox">Inbox <span id="unread" class="tag"></span></a>
      <a href="/preferences">Preferences</a>
      <span class="grow"></span>
      <a href="/cart">Cart</a>
      <form method="post" action="/logout"><button class="quiet" title="${customer.email}">Log out ${customer.name}</button></form>`;
}

export function euros(amount: string): string {
  return `€ ${amount}`;
}

/** 2026-01-31 14:05 UTC, as a machine-readable element. */
export function moment(date: Date | string): Html {
  const iso = new Date(date).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)}</time>`;
}

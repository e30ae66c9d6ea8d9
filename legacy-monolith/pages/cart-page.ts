/** /cart and its forms. */

import type { Database } from '@ficus-sample/chassis/database.ts';
import type { FastifyInstance } from 'fastify';
import { readCart, setCartItem } from '../cart/cart.ts';
import { html } from './html.ts';
import { euros } from './layout.ts';
import { requireVisitor, seeOther, sendPage } from './page-context.ts';
import { quantityOf, rowId } from './request-values.ts';

interface ItemForm {
  productId?: string;
  quantity?: string;
}

export function cartPage(app: FastifyInstance, db: Database): void {
  app.get('/cart', async (request, reply) => {
    const cart = await readCart(db, requireVisitor(request).id);
    if (cart.items.length === 0)
      return sendPage(
        request,
        reply,
        'Cart',
        html`<p>Nothing in it yet. <a href="/products">Have a look around.</a></p>`,
      );
    return sendPage(
      request,
      reply,
      'Cart',
      html`
      <table>
        <thead><tr><th>Product</th><th>Quantity</th><th class="number">Amount</th></tr></thead>
        <tbody>${cart.items.map(
          (item) => html`<tr>
          <td><a href="/products/${item.productId}">${item.name}</a> <span class="soft">${euros(item.unitPrice)}</span></td>
          <td><form class="row" style="margin:0" method="post" action="/cart/items">
            <input type="hidden" name="productId" value="${item.productId}">
            <input type="number" name="quantity" value="${item.quantity}" min="0" max="99" aria-label="Quantity of ${item.name}">
            <button class="quiet">Set</button></form></td>
          <td class="number">${euros(item.amount)}</td>
        </tr>`,
        )}</tbody>
      </table>
      <div class="row" style="margin-top:1.25rem"><span class="grow"></span><span class="price">Total ${euros(cart.total)}</span>
        <form method="post" action="/orders"><button>Place order</button></form></div>`,
    );
  });

  app.post<{ Body: ItemForm | undefined }>('/cart/items', async (request, reply) => {
    const { productId, quantity } = request.body ?? {};
    await setCartItem(db, requireVisitor(request).id, rowId(productId, 'product'), quantityOf(quantity));
    return seeOther(reply, '/cart');
  });
}

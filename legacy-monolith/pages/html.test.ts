import { describe, expect, it } from 'vitest';
import { html } from './html.ts';

describe('html', () => {
  it('escapes every inserted value', () => {
    expect(html`<p title="${'"quoted"'}">${"<b>&'"}</p>`.markup).toBe(
      '<p title="&quot;quoted&quot;">&lt;b&gt;&amp;&#39;</p>',
    );
  });

  it('keeps its own markup, in lists too', () => {
    expect(html`<ul>${['a', '<'].map((text) => html`<li>${text}</li>`)}</ul>`.markup).toBe(
      '<ul><li>a</li><li>&lt;</li></ul>',
    );
  });

  it('writes nothing for what is absent, and zero as zero', () => {
    expect(html`${undefined}${null}${false}${0}${''}`.markup).toBe('0');
  });
});

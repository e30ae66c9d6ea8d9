/**
 * The page that a person sees when the proxy itself answers: a built-in one, or a template from the config. Programs get
 * a problem document (answer-problem.ts); the request's Accept tells them apart.
 */
import { describeFileError, FicusError, type Problem } from '@ficus/core';
import { readSmallFile } from '../files/read-small-file.ts';

const BUILT_IN = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{title}}</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>{{title}}</h1>
<p>{{detail}}</p>
<p><small>{{status}} · {{requestId}}</small></p>
</html>
`;
const PLACE = /\{\{(status|title|detail|requestId)\}\}/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const QUALITY = /;\s*q\s*=\s*([\d.]+)/i;

export class ErrorPage {
  readonly #template: string;

  /**
   * @param file HTML with {{status}}, {{title}}, {{detail}}, {{requestId}}; undefined for the built-in page
   * @throws FicusError FICUS_ERROR_PAGE_UNREADABLE
   */
  constructor(file: string | undefined) {
    this.#template = file === undefined ? BUILT_IN : readTemplate(file);
  }

  render({ status, title, detail = '' }: Problem, requestId: string): string {
    const values: Readonly<Record<string, string>> = { status: String(status), title, detail, requestId };
    return this.#template.replace(PLACE, (_, name: string) => escapeHtml(values[name]!));
  }
}

/** Whether the client names HTML and likes nothing that a program would ask for better, as browsers do for pages. */
export function prefersHtml(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  let html = 0;
  let json = 0;
  for (const range of accept.split(',')) {
    const [type = ''] = range.split(';', 1);
    const quality = Number(QUALITY.exec(range)?.[1] ?? 1);
    const name = type.trim().toLowerCase();
    if (name === 'text/html') html = quality;
    else if (/^application\/(?:.+\+)?json$/.test(name)) json = Math.max(json, quality);
  }
  return html > 0 && html >= json;
}

function readTemplate(file: string): string {
  try {
    return readSmallFile(file);
  } catch (cause) {
    const message = `The error page ${file} cannot be read: ${describeFileError(cause)}.`;
    throw new FicusError('FICUS_ERROR_PAGE_UNREADABLE', message, { cause });
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char]!);
}

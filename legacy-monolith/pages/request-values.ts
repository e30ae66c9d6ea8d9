/** Values of pages' addresses and forms, which are text: read strictly, with a 404 or a sane value otherwise. */
import { notFound } from '@ficus-sample/chassis/problem.ts';

/** A row's id from a path; an invalid one matches nothing. */
export function rowId(text: string | undefined, what: string): number {
  if (!text || !/^[1-9]\d{0,15}$/.test(text) || !Number.isSafeInteger(Number(text))) throw notFound(what);
  return Number(text);
}

/** From 1; anything else is the first page. */
export function pageNumber(text: string | undefined): number {
  return text && /^[1-9]\d{0,3}$/.test(text) ? Number(text) : 1;
}

/** 0 to 99; anything else is 1. */
export function quantityOf(text: string | undefined): number {
  return text && /^\d{1,2}$/.test(text) ? Number(text) : 1;
}

/** A function in schema `ficus_fence`, as it is made and compared. */
import { dollarQuote } from '../catalog/quote.ts';

export interface FenceFunction {
  /** `note` */
  readonly name: string;
  readonly signature: string;
  readonly attributes: string;
  readonly body: string;
}

/** plpgsql, safe under any search_path. */
export const SAFE = 'LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp';

export function createFunction({ signature, attributes, body }: FenceFunction): string {
  return `CREATE OR REPLACE FUNCTION ficus_fence.${signature} ${attributes} AS ${dollarQuote(body)};`;
}

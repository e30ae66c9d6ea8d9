/** A report with a wrong shape is refused whole, and counted: its proxy does not send it again. */
import { FicusError, type ProxyReport } from '@ficus/core';
import { parseBody } from '../http/parse-body.ts';
import type { RefusedReports } from '../traffic/refused-reports.ts';
import { reportBody } from './link-schemas.ts';

/** @throws FicusError FICUS_CONTROL_REQUEST_INVALID with the first problems */
export function parseReport(body: unknown, refused: RefusedReports): ProxyReport {
  try {
    return parseBody(reportBody, body);
  } catch (error) {
    // Problems contain no values.
    const problem = error instanceof FicusError ? error.message : undefined;
    refused.add('report', 'shape-wrong', { slice: '' }, problem);
    throw error;
  }
}

/** The admin API: every endpoint, in the order of the OpenAPI document. */
import type { Endpoint } from '../http/endpoint.ts';
import { type CutoverEndpointParts, cutoverEndpoints } from './cutover-endpoints.ts';
import { type DataEndpointParts, dataEndpoints } from './data-endpoints.ts';
import { flagEndpoints } from './flag-endpoints.ts';
import { type SliceEndpointParts, sliceEndpoints } from './slice-endpoints.ts';
import { writerEndpoints } from './writer-endpoints.ts';

export type AdminParts = SliceEndpointParts & DataEndpointParts & CutoverEndpointParts;

export function adminEndpoints(parts: AdminParts): Endpoint[] {
  return [
    ...sliceEndpoints(parts),
    ...flagEndpoints(parts),
    ...dataEndpoints(parts),
    ...writerEndpoints(parts),
    ...cutoverEndpoints(parts),
  ];
}

/** The client's half of an exchange on `node:http`, as far as this Node allows. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { nodeInternals } from '../wire/node-internals.ts';
import { ClientResponse } from './client-response.ts';
import type { ClientSide } from './client-side.ts';
import { DocumentedResponse } from './documented-response.ts';

export function clientSideOf(request: IncomingMessage, response: ServerResponse): ClientSide {
  return nodeInternals.responses
    ? new ClientResponse(request, response)
    : new DocumentedResponse(request, response);
}

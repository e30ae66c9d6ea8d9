/** Only our forwarder: no routing, no flags, no logs. The lower bound of what the whole proxy can cost. */
import { createServer } from 'node:http';
import { upstreamSchema } from '@ficus/core';
import { forward } from '../../../proxy/forward/forward.ts';
import { Upstream } from '../../../proxy/upstream/upstream.ts';
import { listenAndAnnounce, upstreamUrl } from './listen.ts';

const upstream = new Upstream('legacy', upstreamSchema.parse({ url: upstreamUrl }));

listenAndAnnounce(
  createServer((request, response) => {
    forward(upstream, request, response, {
      onOutcome: (outcome) => {
        if (outcome.kind !== 'completed' && !outcome.responseStarted) response.writeHead(502).end();
      },
    });
  }),
);

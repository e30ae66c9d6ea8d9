/** Steady load over kept connections, with every answer checked. */
import { Agent, request } from 'node:http';

interface LoadFigures {
  answered: number;
  /** Connections refused: no process listens. */
  refused: number;
  readonly failures: string[];
  /** `x-ficus-side` → answers. */
  readonly sides: Map<string, number>;
}

export interface Load {
  readonly figures: LoadFigures;
  /** Ends after the requests under way. */
  stop(): Promise<LoadFigures>;
}

/** `clients` loops, each with its own user; a loop ends by itself when no process listens any more. */
export function startLoad(url: string, path: string, clients = 12): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const figures: LoadFigures = { answered: 0, refused: 0, failures: [], sides: new Map() };
  let stopped = false;
  const loops = Array.from({ length: clients }, async (_, client) => {
    while (!stopped) {
      const failure = await once(`${url}${path}`, agent, client, figures);
      if (failure === 'ECONNREFUSED') {
        figures.refused += 1;
        return;
      }
      if (failure !== undefined) figures.failures.push(failure);
    }
  });
  return {
    figures,
    async stop() {
      stopped = true;
      await Promise.all(loops);
      agent.destroy();
      return figures;
    },
  };
}

function once(url: string, agent: Agent, client: number, figures: LoadFigures): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request(url, { agent, headers: { cookie: `sid=user-${client}` } }, (response) => {
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      response.on('data', () => {});
      response.on('end', () => {
        if (response.statusCode !== 200) return resolve(`status ${response.statusCode}`);
        const side = String(response.headers['x-ficus-side']);
        figures.sides.set(side, (figures.sides.get(side) ?? 0) + 1);
        figures.answered += 1;
        resolve(undefined);
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end();
  });
}

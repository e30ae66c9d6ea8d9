/** The config of the processes of Ficus: one slice, whose tables are in both databases. Pure. */
import { SIDE_DOORS } from '../side-door/side-door.ts';

export const SLICE = 'notifications';

export interface Places {
  readonly control: { readonly listen: string; readonly database: string };
  readonly legacy: { readonly url: string; readonly database: string };
  readonly candidate: { readonly url: string; readonly database: string };
}

/** How long writers are observed before each cutover: the benchmark's are known, and its rounds are short. */
const OBSERVED_MS = 500;

/** `application_name` of an application's connections. */
export const applicationOf = (side: 'legacy' | 'candidate'): string => `${side}-app`;

export function ficusDocument({ control, legacy, candidate }: Places, workers: number): object {
  const table = (name: string) => ({ from: name, to: name });
  return {
    version: 1,
    proxy: {
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      workers,
      expose: true,
      identify: { user: { cookie: 'sid' } },
    },
    control,
    legacy,
    slices: {
      [SLICE]: {
        candidate: { ...candidate, credentials: ['session'] },
        routes: [
          { id: 'list', path: '/api/notifications' },
          { id: 'get', path: '/api/notifications/:id' },
          { id: 'add', methods: ['POST'], path: '/api/notifications' },
          { id: 'mark-read', methods: ['POST'], path: '/api/notifications/:id/read' },
        ],
        tables: [table('notifications'), table('notification_preferences')],
        writers: [
          ...(['legacy', 'candidate'] as const).map((side) => ({
            application: applicationOf(side),
            via: 'proxy',
            reason: `the ${side}'s application`,
          })),
          ...SIDE_DOORS.map((application) => ({ application, via: 'other', reason: 'a side door' })),
        ],
        writersObservedMs: OBSERVED_MS,
      },
    },
  };
}

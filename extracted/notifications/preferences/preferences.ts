/** Which notifications a recipient wants, and how. A recipient without a row has the defaults. */
import type { Database } from '@ficus-sample/chassis/database.ts';
import { CHANNELS, type Channel, toDelivery, toKind, toTopic } from '../inbox/contract-words.ts';

/** What a recipient may set, in the words of the API. */
export interface PreferenceSettings {
  readonly channels: Readonly<Record<Channel, boolean>>;
  readonly mutedKinds: readonly string[];
  /** Times of day, HH:MM. */
  readonly quietHours: { readonly from: string; readonly to: string } | null;
}

export interface Preferences extends PreferenceSettings {
  /** ISO 8601; null while the defaults hold. */
  readonly updatedAt: string | null;
}

const DEFAULTS: Preferences = {
  channels: { email: true, sms: false, push: true, web: true },
  mutedKinds: [],
  quietHours: null,
  updatedAt: null,
};

interface PreferenceRow {
  readonly channels: readonly string[];
  readonly muted_topics: readonly string[];
  readonly quiet_from: string | null;
  readonly quiet_to: string | null;
  readonly updated_at: Date;
}

const FIND =
  'SELECT channels, muted_topics, quiet_from, quiet_to, updated_at FROM preference WHERE recipient_id = $1';

const SAVE = `
  INSERT INTO preference (recipient_id, channels, muted_topics, quiet_from, quiet_to)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (recipient_id) DO UPDATE SET
    channels = EXCLUDED.channels, muted_topics = EXCLUDED.muted_topics,
    quiet_from = EXCLUDED.quiet_from, quiet_to = EXCLUDED.quiet_to, updated_at = now()
  RETURNING channels, muted_topics, quiet_from, quiet_to, updated_at`;

export async function findPreferences(db: Database, recipientId: number): Promise<Preferences> {
  const row = await db.row<PreferenceRow>('preference.find', FIND, [recipientId]);
  return row ? present(row) : DEFAULTS;
}

/** Returns the preferences as they are afterwards; a dry run only returns what they would be. */
export async function savePreferences(
  db: Database,
  recipientId: number,
  settings: PreferenceSettings,
  { dryRun }: { readonly dryRun: boolean },
): Promise<Preferences> {
  if (dryRun) return { ...settings, updatedAt: new Date().toISOString() };
  const { channels, mutedKinds, quietHours } = settings;
  const row = await db.row<PreferenceRow>('preference.save', SAVE, [
    recipientId,
    CHANNELS.filter((channel) => channels[channel]).map(toDelivery),
    mutedKinds.map(toTopic),
    quietHours?.from ?? null,
    quietHours?.to ?? null,
  ]);
  return row ? present(row) : DEFAULTS;
}

function present(row: PreferenceRow): Preferences {
  const chosen = (channel: Channel) => row.channels.includes(toDelivery(channel));
  return {
    channels: { email: chosen('email'), sms: chosen('sms'), push: chosen('push'), web: chosen('web') },
    mutedKinds: row.muted_topics.map(toKind),
    quietHours: row.quiet_from && row.quiet_to ? { from: row.quiet_from, to: row.quiet_to } : null,
    updatedAt: row.updated_at.toISOString(),
  };
}

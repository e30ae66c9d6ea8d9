/** Which notifications a customer wants, and how. A customer without a row has the defaults. */
import type { Statements } from '@ficus-sample/chassis/database.ts';

export const CHANNELS = ['email', 'sms', 'push', 'web'] as const;
export const KINDS = [
  'order_placed',
  'order_paid',
  'order_shipped',
  'order_delivered',
  'order_cancelled',
  'cart_reminder',
  'promotion',
  'account_notice',
] as const;

/** What a customer may set. */
export interface PreferenceSettings {
  readonly channels: Readonly<Record<(typeof CHANNELS)[number], boolean>>;
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
  readonly email_enabled: boolean;
  readonly sms_enabled: boolean;
  readonly push_enabled: boolean;
  readonly web_enabled: boolean;
  readonly muted_kinds: readonly string[];
  readonly quiet_from: string | null;
  readonly quiet_to: string | null;
  readonly updated_at: Date;
}

const FIND = 'SELECT * FROM notification_preferences WHERE customer_id = $1';

const SAVE = `
  INSERT INTO notification_preferences
    (customer_id, email_enabled, sms_enabled, push_enabled, web_enabled, muted_kinds, quiet_from, quiet_to)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (customer_id) DO UPDATE SET
    email_enabled = EXCLUDED.email_enabled, sms_enabled = EXCLUDED.sms_enabled,
    push_enabled = EXCLUDED.push_enabled, web_enabled = EXCLUDED.web_enabled,
    muted_kinds = EXCLUDED.muted_kinds, quiet_from = EXCLUDED.quiet_from, quiet_to = EXCLUDED.quiet_to,
    updated_at = now()
  RETURNING *`;

export async function findPreferences(db: Statements, customerId: number): Promise<Preferences> {
  const row = await db.row<PreferenceRow>('preferences.find', FIND, [customerId]);
  return row ? present(row) : DEFAULTS;
}

export async function savePreferences(
  db: Statements,
  customerId: number,
  { channels, mutedKinds, quietHours }: PreferenceSettings,
): Promise<Preferences> {
  const row = await db.row<PreferenceRow>('preferences.save', SAVE, [
    customerId,
    channels.email,
    channels.sms,
    channels.push,
    channels.web,
    mutedKinds,
    quietHours?.from ?? null,
    quietHours?.to ?? null,
  ]);
  return row ? present(row) : DEFAULTS;
}

function present(row: PreferenceRow): Preferences {
  return {
    channels: {
      email: row.email_enabled,
      sms: row.sms_enabled,
      push: row.push_enabled,
      web: row.web_enabled,
    },
    mutedKinds: row.muted_kinds,
    quietHours: row.quiet_from && row.quiet_to ? { from: row.quiet_from, to: row.quiet_to } : null,
    updatedAt: row.updated_at.toISOString(),
  };
}

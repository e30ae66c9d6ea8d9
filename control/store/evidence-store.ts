/**
 * What was found by comparing, kept over restarts: verdicts of answers by version of the candidate, and the last verify
 * of each slice. Values of rows and answers are stand-ins before they come here.
 */
import { type VerifyView, verifyView } from '@ficus/contract';
import type { ParityReport, ParitySample } from '@ficus/parity';
import { jsonbText } from './jsonb-text.ts';
import type { Store } from './open-store.ts';

export interface StoredEvidence {
  readonly version: string;
  /** Milliseconds. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly report: ParityReport;
  /** The `parity.samples` under which its samples were made, as JSON. */
  readonly samplesRule?: string | undefined;
}

export type StoredVerify = Omit<VerifyView, 'ofEarlierVersion'>;

interface EvidenceRow {
  readonly slice: string;
  readonly version: string;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly report: Omit<ParityReport, 'samples'> & Pick<StoredEvidence, 'samplesRule'>;
  readonly samples: readonly ParitySample[];
}

const storedVerify = verifyView.omit({ ofEarlierVersion: true });

export class EvidenceStore {
  readonly #store: Store;
  readonly #evidence = new Map<string, readonly StoredEvidence[]>();
  readonly #verifies = new Map<string, StoredVerify>();
  readonly #unsavedVerifies = new Set<string>();
  /** Slice → version → samples. They are long, and change rarely: written only when they have. */
  readonly #writtenSamples = new Map<string, ReadonlyMap<string, readonly ParitySample[]>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what is stored about these slices. */
  async read(slices: readonly string[]): Promise<void> {
    const rows = await this.#store.query<EvidenceRow>(
      `SELECT slice, version, first_seen_at AS "firstSeenAt", last_seen_at AS "lastSeenAt", report, samples
         FROM parity_evidence WHERE slice = ANY ($1) ORDER BY first_seen_at`,
      [slices],
    );
    const runs = await this.#store.query<{ slice: string; run: unknown }>(
      'SELECT slice, run FROM verify_run WHERE slice = ANY ($1)',
      [slices],
    );
    for (const slice of slices) {
      this.#evidence.set(slice, rows.filter((row) => row.slice === slice).map(evidenceOf));
      // One of another version of this program, with another shape, is run again.
      const known = storedVerify.safeParse(runs.find((run) => run.slice === slice)?.run);
      if (known.success) this.#verifies.set(slice, known.data);
      else this.#verifies.delete(slice);
    }
  }

  /** What an earlier run of the control plane found about a slice's answers. */
  evidence(slice: string): readonly StoredEvidence[] {
    return this.#evidence.get(slice) ?? [];
  }

  /** @param versions all that is known of the slice: others are forgotten */
  async saveEvidence(slice: string, versions: readonly StoredEvidence[]): Promise<void> {
    await this.#store.transaction(async (query) => {
      await query('DELETE FROM parity_evidence WHERE slice = $1 AND version <> ALL ($2)', [
        slice,
        versions.map(({ version }) => version),
      ]);
      for (const found of versions) await this.#saveVersion(query, slice, found);
    });
    this.#writtenSamples.set(
      slice,
      new Map(versions.map(({ version, report }) => [version, report.samples])),
    );
    this.#evidence.set(slice, versions);
  }

  /** The last verify of a slice that ended. */
  verify(slice: string): StoredVerify | undefined {
    return this.#verifies.get(slice);
  }

  /** Stored by the next `saveVerifies`. */
  keepVerify(slice: string, run: StoredVerify): void {
    this.#verifies.set(slice, run);
    this.#unsavedVerifies.add(slice);
  }

  /** @throws the first error, when every slice was tried: what failed is kept for the next call */
  async saveVerifies(): Promise<void> {
    const errors: unknown[] = [];
    for (const slice of this.#unsavedVerifies)
      await this.#saveVerify(slice).catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  }

  async #saveVerify(slice: string): Promise<void> {
    const run = this.#verifies.get(slice);
    await this.#store.query(
      'INSERT INTO verify_run (slice, run) VALUES ($1, $2) ON CONFLICT (slice) DO UPDATE SET run = excluded.run',
      [slice, jsonbText(run)],
    );
    if (this.#verifies.get(slice) === run) this.#unsavedVerifies.delete(slice);
  }

  async #saveVersion(query: Store['query'], slice: string, found: StoredEvidence): Promise<void> {
    const { version, firstSeenAt, lastSeenAt, report, samplesRule } = found;
    const { samples, ...counts } = report;
    const isWritten = this.#writtenSamples.get(slice)?.get(version) === samples;
    await query(
      `INSERT INTO parity_evidence (slice, version, first_seen_at, last_seen_at, report, samples)
       VALUES ($1, $2, $3, $4, $5, coalesce($6::jsonb, '[]'))
       ON CONFLICT (slice, version) DO UPDATE SET first_seen_at = $3, last_seen_at = $4, report = $5,
         samples = coalesce($6::jsonb, parity_evidence.samples)`,
      [
        slice,
        version,
        firstSeenAt,
        lastSeenAt,
        jsonbText({ ...counts, samplesRule }),
        isWritten ? null : jsonbText(samples),
      ],
    );
  }
}

function evidenceOf({ version, firstSeenAt, lastSeenAt, report, samples }: EvidenceRow): StoredEvidence {
  const { samplesRule, ...counts } = report;
  return { version, firstSeenAt, lastSeenAt, samplesRule, report: { ...counts, samples } };
}

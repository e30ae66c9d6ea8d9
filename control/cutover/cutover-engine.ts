/** What an attempt needs of cdc, as one small interface: tests play it. */
import {
  type ArmOptions,
  type ComparisonOptions,
  type Fence,
  type FenceOptions,
  type Finding,
  findArmObstacles,
  openComparison,
  openFence,
  openSequences,
  type Sequences,
  type SequencesOptions,
  type StandingComparison,
  type VerifyOptions,
  type VerifyReport,
  verifySlice,
} from '@ficus/cdc';

export interface CutoverEngine {
  openFence(options: FenceOptions): Fence;
  openSequences(options: SequencesOptions): Promise<Sequences>;
  openComparison(options: ComparisonOptions): Promise<StandingComparison>;
  compareRows(options: VerifyOptions): Promise<VerifyReport>;
  /** Errors among them prevent the change. */
  findObstacles(options: ArmOptions): Promise<readonly Finding[]>;
}

export const cdcCutover: CutoverEngine = {
  openFence,
  openSequences,
  openComparison,
  compareRows: verifySlice,
  findObstacles: findArmObstacles,
};

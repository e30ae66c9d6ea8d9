/* The streams of both directions. Part of cutover.pml. */

/* ── A stream's applier. A transaction is one step, but for the one that a replaced session leaves open ── */
inline raise_checkpoint(stream, to_) {
  if
  :: checkpointEpoch[stream] < to_ -> checkpointEpoch[stream] = to_
  :: else -> skip
  fi
}

inline apply(what, under) {
  if
  :: what > BARRIER ->
#ifdef M_BARRIER_REUSED
     barrierOnce[s] = 1;
#endif
     passedBarrier[s] = what - BARRIER
  :: else ->
     CHECK(I5_old_epoch_writes_nothing, under == epoch);
     CHECK(I4_no_write_twice, (rows[other(s)] & (1 << (what - 1))) == 0);
     rows[other(s)] = rows[other(s)] | (1 << (what - 1));
     inWal[s] = inWal[s] & ~(1 << (what - 1))
  fi
}

#ifdef M_EPOCH
#define markPasses true
#define epochHolds true
#else
#define markPasses (mark[s] == fenceEpoch[other(s)])
#define epochHolds (checkpointEpoch[s] == mark[s])
#endif

proctype Applier(bit s) {
  byte next;
end:
  do
  :: atomic { /* the new epoch reaches its session, or a crash ends that and the next one reads it */
       mark[s] < epoch -> mark[s] = epoch; raise_checkpoint(s, epoch)
     }
  :: atomic { /* rows and checkpoint, or nothing; the fence is asked by the first statement */
       nempty(wal[s]) && (passes(other(s)) || markPasses) && epochHolds ->
       wal[s] ? next;
       apply(next, mark[s]);
       next = 0;
       check_state()
     }
  :: atomic { /* paused, with its transaction open, and replaced: the checkpoint has another holder from now on */
       otherFaults > 0 && stale[s] == 0 && nempty(wal[s]) && turning[other(s)] == 0 &&
       (passes(other(s)) || markPasses) && epochHolds ->
       faults--;
       wal[s] ? <stale[s]>;
       writers[other(s)]++;
       mark[s] = epoch;
       raise_checkpoint(s, epoch)
     }
  :: atomic { /* the session wakes, or is ended: its commit moves the checkpoint, which it does not hold */
       stale[s] != 0 ->
#ifdef M_CHECKPOINT
       apply(stale[s], epoch);
#endif
       stale[s] = 0;
       writers[other(s)]--
     }
  od
}

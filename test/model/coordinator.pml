/* One attempt after the other, each run of the coordinator by itself. Part of cutover.pml. */

/* ── The coordinator ── */
#define isLeased(p) ((writes[p] == LEASED && seen[p] == E) || away[p])
#define hasDrained(p) (writes[p] == HELD && seen[p] == E && inFlight[p] == 0)
#define hasLease(p) (writes[p] == LEASED && valid[p] && seen[p] == E)
#define isSilent(p) (away[p] || current != me)
#ifdef M_LEASE
#define isHeld(p) (hasDrained(p) || isSilent(p))
#else
/* A proxy stops before it is counted out: its clock started earlier, and has the shorter time. */
#define isHeld(p) (hasDrained(p) || (isSilent(p) && !hasLease(p)))
#endif
#define isOurs(is) (attempt == E && row == is)
#ifdef M_UNDONE_FIRST
#define mayUndoFirst (!recovered)
#else
#define mayUndoFirst (!recovered && !sent)
#endif

inline publish(what) {
  if
  :: current == me -> published = what; publishedOwner = owner
  :: else -> skip /* a stale twin: the proxies have their link to its successor */
  fi
}

inline set_fence(side, to) { fenceEpoch[side] = E; mode[side] = to; check_state() }

#define forget() E = 0; from = 0; expected = 0; recovered = 0; sent = 0; touched = 0; at[me] = 0; undoing[me] = 0

inline finish() { /* nothing compares with the rest of the attempt any more */
  row = none;
  inherited = 0;
  intent = 0;
  pastHold = 0;
  passedBarrier[0] = 0;
  passedBarrier[1] = 0
}

inline commit_journal() {
  owner = other(from);
  epoch = E;
  row = journaled;
  check_state()
}

inline lift_held() { /* a twin's turn that is still on its way must fail: the epoch grows */
  if
  :: fenceEpoch[from] == E && mode[from] == HOLD -> set_fence(from, ARMED)
#ifndef M_TWIN
  :: fenceEpoch[from] < E && mode[from] == ARMED -> set_fence(from, ARMED)
#endif
  :: else -> skip
  fi
}

proctype Coordinator(byte me) {
  byte E;
  bit from;
  byte expected;
  bit recovered;           /* an earlier run began the attempt */
  bit sent;                /* this run has asked the journal to commit */
  bit touched;             /* this run has turned the fence, or does not know whether it has */

  if
  :: me == 0 -> goto idle
  :: me > 0 -> skip
  fi;

end_not_started:
  atomic {
    faults > 0 && current == me - 1 ->
    faults--;
    current = me;
    inherited = row != none;
    crossing[0] = crossing[0] || (inherited && inFlight[0] != 0);
    crossing[1] = crossing[1] || (inherited && inFlight[1] != 0);
    if
    :: undoing[me - 1] -> skip
    :: !undoing[me - 1] && at[me - 1] == 0 -> skip
    :: !undoing[me - 1] && at[me - 1] == arm -> skip
    :: !undoing[me - 1] && at[me - 1] == lease -> skip
    :: !undoing[me - 1] && at[me - 1] == hold -> skip
    :: !undoing[me - 1] && at[me - 1] == fence -> skip
    :: !undoing[me - 1] && at[me - 1] == barrier -> skip
    :: !undoing[me - 1] && at[me - 1] == verify -> skip
    :: !undoing[me - 1] && at[me - 1] == sequences -> skip
    :: !undoing[me - 1] && at[me - 1] == journal -> skip
    :: !undoing[me - 1] && at[me - 1] == lift -> skip
    :: !undoing[me - 1] && at[me - 1] == release -> skip
    :: !undoing[me - 1] && at[me - 1] == check -> skip
    fi;

start: /* What is announced to the proxies is derived from the journal before the first event is sent. */
    forget();
    publishedOwner = owner;
    if
    :: row == none -> published = OPEN; goto idle
#ifdef M_ABANDONED_IS_DONE
    :: row == abandoned -> published = OPEN; row = none; goto idle
    :: row == running -> published = HELD; E = attempt; recovered = 1; from = owner; goto abandon
#else
    :: row == running || row == abandoned -> published = HELD; E = attempt; recovered = 1; from = owner; goto abandon
#endif
#ifdef M_ABANDON_AFTER_JOURNAL
    :: row == journaled -> published = HELD; E = attempt; recovered = 1; from = other(owner); goto abandon
#else
    :: row == journaled -> published = HELD; E = attempt; recovered = 1; from = other(owner); goto complete
#endif
    fi
  }
abandon:
#ifdef M_OPEN_BEFORE_ABANDONED
  if
  :: !intent -> published = OPEN
  :: else -> skip
  fi;
#endif
#ifdef M_STEP_READ_EARLY
  touched = intent;
#endif
  skip; /* a step of its own: what has been read may be outdated by the twin before it is acted on */
  goto undo;

undo_first: /* Abandoned once the journal is back. */
  atomic {
    locked(from) ->
    unlock(from);
    lift_held();
opened_first:
    publish(OPEN)
  }
  atomic {
    if
    :: isOurs(running) || isOurs(abandoned) ->
       CHECK(I3_back_before_forward_after, owner == from);
       finish();
       forget();
       goto idle
    :: else -> skip; goto lost
    fi
  }

idle:
end_idle:
  atomic {
    row == none && attempts > 0 && current == me ->
    attempts--;
    highest++;
    E = highest;
    attempt = E;
    row = running;
    from = owner;
    at[me] = arm
  }
  atomic {
    if
    :: mode[from] == ARMED && mode[other(from)] == MOVED ->
       expected = fenceEpoch[from];
#if defined(IDS) && !defined(M_SEQUENCES)
       if
       :: sequence[other(from)] < sequence[from] + HEADROOM -> sequence[other(from)] = sequence[from] + HEADROOM
       :: else -> skip
       fi;
#endif
       at[me] = lease;
       publish(LEASED)
    :: goto undo
    fi
  }
  atomic {
    if
    :: isLeased(0) && isLeased(1) && isOurs(running) ->
       at[me] = hold;
       intent = 1;
       publish(HELD);
#ifdef M_POSITION
       if
       :: nfull(wal[from]) -> wal[from] ! BARRIER + E
       fi;
#endif
#ifdef M_RELEASE_EARLY
       publish(OPEN);
       publishedOwner = other(from)
#endif
    :: isLeased(0) && isLeased(1) && !isOurs(running) -> skip; goto lost
    :: goto undo
    fi
  }
  atomic {
    if
    :: isHeld(0) && isHeld(1) && isAlone(from) ->
       at[me] = fence;
       pastHold = pastHold || isOurs(running);
#ifndef M_DRAINING_TURN
       if
       :: fenceEpoch[from] == expected && mode[from] == ARMED -> skip
       :: else -> skip; goto undo
       fi;
#endif
       CHECK(I6_controlled_proxy_meets_no_fence, !hasLease(0));
       CHECK(I6_controlled_proxy_meets_no_fence, !hasLease(1));
       turning[from]++
    :: goto undo
    fi
  }
  atomic {
    if
#ifdef M_OPEN_WRITERS
    :: nfull(wal[from]) ->
#else
    :: drained(from) && nfull(wal[from]) ->
#endif
       turning[from]--;
#ifdef M_DRAINING_TURN
       if
       :: fenceEpoch[from] == expected && mode[from] == ARMED -> skip
       :: else -> skip; goto undo
       fi;
#endif
       touched = 1;
       set_fence(from, HOLD);
#ifndef M_POSITION
       wal[from] ! BARRIER + E;
#endif
       at[me] = barrier
    :: turning[from]-- -> goto undo              /* they have not ended in time: the fence is as before */
    :: turning[from]-- -> touched = 1; goto undo /* no answer, and as before; the other case is an undo in `barrier` */
    fi
  }
  atomic {
    if
#ifdef M_BARRIER_REUSED
    :: barrierOnce[from] -> at[me] = verify
#else
    :: passedBarrier[from] == E -> at[me] = verify
#endif
    :: goto undo
    fi
  }
  atomic { /* relied on for nothing here: it may fail at any time, and need not find anything */
    if
    :: at[me] = sequences
    :: goto undo
    fi
  }
  atomic {
    if
#if defined(IDS) && !defined(M_SEQUENCES)
    :: sequence[other(from)] >= sequence[from] -> at[me] = journal
    :: sequence[other(from)] < sequence[from] -> skip; goto undo
#else
    :: at[me] = journal
#endif
    :: goto undo
    fi;
#ifdef M_LIFT_BEFORE_JOURNAL
    set_fence(other(from), ARMED)
#endif
  }
  atomic {
    if
#ifdef M_JOURNAL_UNCOMPARED
    :: true ->
#else
    :: isOurs(running) ->
#endif
       commit_journal()
    :: isOurs(running) -> commit_journal(); sent = 1; goto undo /* its answer is missing */
    :: !isOurs(running) -> skip; goto lost
    :: goto undo /* before it: a bound is reached */
    fi;

complete: /* Only forward: nothing below leads to `undo`. */
    at[me] = lift;
    lock(other(from))
  }
  atomic {
    locked(other(from)) ->
    unlock(other(from));
    if
    :: fenceEpoch[other(from)] < E && mode[other(from)] == MOVED -> set_fence(other(from), ARMED)
    :: else -> skip
    fi;
    at[me] = release
  }
  atomic {
    if
    :: isOurs(journaled) ->
       publish(OPEN);
       at[me] = check;
       raise_checkpoint(LEGACY, E);
       raise_checkpoint(CANDIDATE, E);
       lock(from)
    :: else -> skip; goto lost
    fi
  }
  atomic { /* until here the old owner's fence stood in `hold`, which refuses as well */
    locked(from) ->
    unlock(from);
    if
#ifdef M_OLD_FENCE_LIFTED
    :: fenceEpoch[from] == E && mode[from] == HOLD -> set_fence(from, ARMED)
#else
    :: fenceEpoch[from] == E && mode[from] == HOLD -> set_fence(from, MOVED)
#endif
    :: else -> skip
    fi
  }
  atomic {
    if
    :: isOurs(journaled) -> finish(); forget(); goto idle
    :: else -> skip; goto lost
    fi;

undo:
    undoing[me] = 1;
    if
#ifdef M_ABANDON_AFTER_JOURNAL
    :: isOurs(running) || isOurs(abandoned) || isOurs(journaled) ->
#else
    :: isOurs(running) || isOurs(abandoned) ->
#endif
       CHECK(I3_back_before_forward_after, owner == from);
       row = abandoned
    /* The journal is away, and cannot have the attempt: only the run that began it commits it, and this one has not. */
    :: mayUndoFirst && touched -> lock(from); goto undo_first
    :: mayUndoFirst && !touched -> skip; goto opened_first
    :: else -> skip; goto lost
    fi;
    /*
     * Without step `hold` in the journal no run can turn the fence any more. The run that began the attempt knows whether it
     * has turned it. Another does not: a stale twin may still be about to, so its comparison must fail.
     */
    if
#ifdef M_STEP_READ_EARLY
    :: touched -> lock(from)
#else
    :: touched || (recovered && intent) -> lock(from)
#endif
    :: else -> goto undone
    fi
  }
  atomic {
    locked(from) ->
    unlock(from);
    lift_held();
undone:
#ifndef M_STAYS_HELD
    publish(OPEN)
#endif
  }
  atomic {
    if
    :: isOurs(abandoned) -> finish(); forget(); goto idle
    :: else -> skip; goto lost
    fi;

lost: /* Another run has changed the journal: it says what is left to do. */
    if
    :: isOurs(abandoned) -> skip; goto undo
    :: isOurs(journaled) -> goto complete
    :: current == me && !isOurs(abandoned) && !isOurs(journaled) -> goto start
    :: current != me -> skip /* or it ends */
    fi;
    forget()
  }
}

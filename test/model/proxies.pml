/* The writers of a slice: clients through two proxies, and a person or a job past them. Part of cutover.pml. */

/* ── A proxied write: waits at the proxy's gate, is sent, and runs at the side's upstream ── */
proctype Request(byte write; bit p) {
  bit to;
  DRAWN
#ifdef M_DECIDED_FIRST
  to = goesTo[p];
#endif
  atomic {
    inFlight[p] == 0 && (writes[p] == OPEN || (writes[p] == LEASED && valid[p])) ->
#ifndef M_DECIDED_FIRST
    to = goesTo[p];
#endif
    inFlight[p] = write + 1
  }
  atomic {
    if
    :: passes(to) -> writers[to]++
    :: else ->
       /* FI001, answered with 503: not acknowledged, and never sent again. */
       CHECK(I6_controlled_proxy_meets_no_fence, disturbed[p] || crossing[p]);
       goto answered
    fi
  }
  atomic {
    nfull(wal[to]) ->
    commit(to, write, p, I5_old_epoch_writes_nothing);
answered:
    if
    :: inFlight[p] == write + 1 -> inFlight[p] = 0; crossing[p] = 0
    :: else -> skip /* the proxy was killed meanwhile: no answer reaches the client */
    fi;
    to = 0;
    ended++
  }
}

/* ── A person with psql, or a job: only the fence is in the way ── */
proctype Door(byte write) {
  bit side;
  DRAWN
  atomic {
    if
    :: passes(LEGACY) -> side = LEGACY
    :: passes(CANDIDATE) -> side = CANDIDATE
    :: !passes(LEGACY) -> goto refused
    :: !passes(CANDIDATE) -> goto refused
    fi;
    writers[side]++
  }
  atomic {
    nfull(wal[side]) ->
    commit(side, write, 1, I1_one_owner);
refused:
    side = 0;
    ended++
  }
}

/* ── A proxy's link to the control plane. What it sends is in Request ── */
inline apply_published() {
  if
  :: inherited && inFlight[p] != 0 -> crossing[p] = 1
  :: else -> skip
  fi;
  writes[p] = published;
  goesTo[p] = publishedOwner;
  if
  :: published == OPEN -> seen[p] = 0; valid[p] = 0
  :: published == LEASED -> seen[p] = attempt; valid[p] = 1
  :: published == HELD -> seen[p] = attempt; valid[p] = 0
  fi
}

proctype Proxy(bit p) {
end:
  do
  :: atomic { /* an event of the state stream; `leased` is acknowledged at once, and the answer is its lease */
       !away[p] && (writes[p] != published || (published == OPEN && goesTo[p] != publishedOwner) ||
                    (published != OPEN && seen[p] != attempt)) ->
       apply_published()
     }
  :: atomic { away[p] && valid[p] -> valid[p] = 0 }
  :: atomic { /* renewed by a report; refused once the hold is published */
#ifdef M_RENEWED_IN_HOLD
       !away[p] && writes[p] == LEASED && !valid[p] && seen[p] == attempt && row == running ->
#else
       !away[p] && writes[p] == LEASED && !valid[p] && seen[p] == attempt && published == LEASED ->
#endif
       valid[p] = 1;
       CHECK(I6_controlled_proxy_meets_no_fence, !(pastHold && row == running))
     }
#ifdef M_ENDLESS
  :: atomic { !away[p] -> away[p] = 1; disturbed[p] = 1 }
#else
  :: atomic { otherFaults > 0 && !away[p] -> faults--; away[p] = 1; disturbed[p] = 1 }
#endif
  :: atomic { away[p] -> away[p] = 0 }
  :: atomic { /* killed and started again; a newcomer has the state before it listens */
       otherFaults > 0 ->
       faults--;
       disturbed[p] = 1;
       if
       :: writes[p] == OPEN && inFlight[p] == 0 -> skip
       :: writes[p] == OPEN && inFlight[p] != 0 -> skip
       :: writes[p] == LEASED && inFlight[p] == 0 -> skip
       :: writes[p] == LEASED && inFlight[p] != 0 -> skip
       :: writes[p] == HELD && inFlight[p] == 0 -> skip
       :: writes[p] == HELD && inFlight[p] != 0 -> skip
       fi;
       inFlight[p] = 0;
       crossing[p] = 0;
       if
       :: !away[p] -> apply_published()
       :: away[p] && writes[p] == OPEN -> skip                                            /* the last known owner */
       :: away[p] && writes[p] != OPEN -> seen[p] = 0; writes[p] = LEASED; valid[p] = 0   /* the middle of a cutover */
       :: away[p] -> writes[p] = OPEN; goesTo[p] = LEGACY; seen[p] = 0; valid[p] = 0      /* nothing is known */
       fi
     }
  od
}

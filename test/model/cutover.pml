/*
 * The protocol by which the owner of a slice changes, for spin. Each attempt moves the writes from the owner to the other
 * side: a cutover or a rollback by who owns at that moment, by the same text. What is modelled, what is not, and what each
 * invariant means: docs/architecture/cutover-model.md. Configurations and mutants: test/model/configurations.ts.
 *
 * The journal is the only durable state of the coordinator. Whatever a process does may be followed by nothing more of it:
 * a crash is a process that takes no further step while its successor runs. So each crash is also a pause, and every
 * predecessor may wake at any step as a stale twin.
 */

/* Bounds. */
#ifndef START
#define START 0            /* the owner at first: 0 legacy, 1 candidate */
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 2
#endif
#ifndef FAULTS
#define FAULTS 2           /* crashes and cut links, in all */
#endif
#ifdef ONLY_COORDINATOR_FAULTS
#define otherFaults 0
#else
#define otherFaults faults
#endif
#ifndef RUNS
#define RUNS 2             /* runs of the coordinator: all but the first are restarts */
#endif
#ifndef REQUESTS
#define REQUESTS 3         /* proxied writes: the even ones by proxy 0, the odd ones by proxy 1 */
#endif
#ifndef DOORS
#define DOORS 1            /* writes of a person or a job, past the proxies */
#endif

#define LEGACY 0
#define CANDIDATE 1
#define other(side) (1 - (side))

/* Fence modes, as in core/cutover/fence-state.ts; `observe` lets pass what `armed` lets pass, and is left out. */
#define ARMED 0
#define HOLD 2
#define MOVED 3

/* What a proxy may do with writes, as in core/slice/slice-state.ts. */
#define OPEN 0
#define LEASED 1
#define HELD 2

/* core/cutover/cutover-step.ts, held equal by test/model/steps.test.ts. */
mtype:step = { arm, lease, hold, fence, barrier, verify, sequences, journal, lift, release, check };
/* An attempt's row in the journal: `abandoned` until the old owner's fence is lifted, `journaled` until all is done. */
mtype:row = { none, running, abandoned, journaled };

/* Invariants: always 0, so that `assert(NAME)` fails, and the message names what was broken. */
hidden byte I1_one_owner;
hidden byte I2_no_write_lost;
hidden byte I3_back_before_forward_after;
hidden byte I4_no_write_twice;
hidden byte I5_old_epoch_writes_nothing;
hidden byte I6_controlled_proxy_meets_no_fence;
hidden byte I7_no_id_twice;
hidden byte I8_everything_ends;

#define CHECK(invariant, holds) if :: (holds) :: else -> assert(invariant) fi

/* ── The journal, in the control database ── */
bit owner = START;
byte epoch = 1 + START;
byte highest = 1 + START;  /* epoch ever used */
byte attempt;              /* epoch of the last attempt */
mtype:row row = none;
bit intent;                /* the attempt has recorded step `hold`: from then on it may turn the fence */
byte attempts = ATTEMPTS;
byte faults = FAULTS;

/* ── The databases ── */
#define BARRIER 16         /* + epoch, in the WAL; a write is its number + 1 */
chan wal[2] = [3] of { byte };
byte rows[2];              /* set of writes */
byte inWal[2];             /* those of them that the other side does not have yet */
byte mode[2] = { ARMED, ARMED };
byte fenceEpoch[2];
byte writers[2];           /* transactions that hold the fence's lock shared */
byte turning[2];           /* sessions that wait for it exclusively: no writer passes meanwhile */
byte committed;            /* set of writes, of either side */

#ifdef M_FENCE
#define passes(side) true
#else
#define passes(side) (turning[side] == 0 && mode[side] == ARMED)
#endif

/* ── Streams; stream s carries what was written on side s to the other ── */
byte checkpointEpoch[2];   /* durable, on the target, with the rows */
byte passedBarrier[2];     /* epoch of the last barrier that the stream has applied */
byte mark[2];              /* epoch that the stream's session carries; it holds the checkpoint */
byte stale[2];             /* what a session that was replaced has written and not committed yet; 0 for nothing */
#ifdef M_BARRIER_REUSED
bit barrierOnce[2];
#endif

/* ── What the coordinator tells the proxies, and they report ── */
byte current;              /* run of the coordinator whose link the proxies have */
byte published = OPEN;
bit publishedOwner = START;
mtype:step at[RUNS];       /* 0 between attempts */
bit undoing[RUNS];
bit pastHold;              /* of the last attempt; for I6 alone */

/* ── Proxies ── */
byte writes[2] = { OPEN, OPEN };
bit goesTo[2] = START;
byte seen[2];              /* attempt, while leased or held */
bit valid[2];              /* lease */
byte inFlight[2];          /* number of the write + 1 */
bit away[2];               /* its link is cut */
bit disturbed[2];          /* it has been cut off or killed, once */
bit inherited;             /* the attempt was begun by an earlier run; for I6 alone, as is: */
bit crossing[2];           /* its write in flight was sent before it heard of a restart of the coordinator during an attempt */
byte ended;                /* writers that are done, refused ones included */

#ifdef IDS
/* One sequence on each side, and two sessions that take two ids at a time: one for proxy 0, one for proxy 1 and the door. */
byte sequence[2];
byte cached[4];
int given;                 /* set of ids */
#define HEADROOM 3
inline draw_id(side, session) {
  if
  :: cached[2 * side + session] != 0 -> drawn = cached[2 * side + session]; cached[2 * side + session] = 0
  :: else -> drawn = sequence[side] + 1; cached[2 * side + session] = sequence[side] + 2; sequence[side] = sequence[side] + 2
  fi;
  CHECK(I7_no_id_twice, (given & (1 << drawn)) == 0);
  given = given | (1 << drawn);
  drawn = 0
}
#define DRAWN byte drawn;
#else
#define draw_id(side, session) skip
#define DRAWN
#endif

/*
 * `turn` of cdc/fence/slice-sql.ts. Turns come one after another, under a lock of their own; only one that refuses more than
 * before waits for open transactions of writers, and refuses new ones meanwhile. All compare before they wait.
 */
#define drained(side) (writers[side] == 0)
#ifdef M_DRAINING_TURN
#define isAlone(side) true
#define lock(side) turning[side]++
#define locked(side) drained(side)
#define unlock(side) turning[side]--
#else
#define isAlone(side) (turning[side] == 0)
#define lock(side) skip
#define locked(side) isAlone(side)
#define unlock(side) skip
#endif

/* What must be true after each change of a fence, of rows or of the journal. */
inline check_state() {
  CHECK(I1_one_owner, !(mode[LEGACY] == ARMED && mode[CANDIDATE] == ARMED));
  CHECK(I3_back_before_forward_after, mode[other(owner)] != ARMED);
  CHECK(I2_no_write_lost, (committed & ~rows[owner]) == 0);
  CHECK(I2_no_write_lost, (committed & ~(rows[other(owner)] | inWal[owner])) == 0)
}

/* A writer's commit: rows and WAL, at once. */
inline commit(side, write, session, invariant) {
  writers[side]--;
  CHECK(invariant, side == owner);
  CHECK(I4_no_write_twice, (committed & (1 << write)) == 0);
  draw_id(side, session);
  committed = committed | (1 << write);
  rows[side] = rows[side] | (1 << write);
  inWal[side] = inWal[side] | (1 << write);
  wal[side] ! write + 1;
  check_state()
}

#include "proxies.pml"
#include "applier.pml"
#include "coordinator.pml"

/* ── When nothing can happen any more ── */
proctype Rest() {
  atomic {
    timeout ->
    if
    :: owner == START && epoch == 1 + START -> skip /* nothing has changed */
    :: owner != START -> skip                       /* there */
    :: owner == START && epoch > 1 + START -> skip  /* and back */
    fi;
    CHECK(I8_everything_ends, row == none && ended == REQUESTS + DOORS && published == OPEN);
    CHECK(I8_everything_ends, writes[0] == OPEN && writes[1] == OPEN && goesTo[0] == owner && goesTo[1] == owner);
    CHECK(I3_back_before_forward_after, mode[owner] == ARMED && mode[other(owner)] == MOVED);
    CHECK(I2_no_write_lost, rows[owner] == committed && rows[other(owner)] == committed)
  }
}

init {
  byte i;
  atomic {
    mode[other(START)] = MOVED;
    fenceEpoch[LEGACY] = epoch;
    fenceEpoch[CANDIDATE] = epoch;
    checkpointEpoch[LEGACY] = epoch;
    checkpointEpoch[CANDIDATE] = epoch;
    mark[LEGACY] = epoch;
    mark[CANDIDATE] = epoch;
    for (i : 0 .. RUNS - 1) { run Coordinator(i) }
    run Applier(0);
    run Applier(1);
    run Proxy(0);
    run Proxy(1);
    for (i : 0 .. REQUESTS - 1) { run Request(i, i % 2) }
    for (i : 0 .. DOORS - 1) { run Door(REQUESTS + i) }
    run Rest();
    i = 0
  }
}

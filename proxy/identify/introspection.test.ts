import { describe, expect, test } from 'vitest';
import { AskedEndpoint } from './asked-endpoints.ts';
import { ChangingSessions } from './changing-sessions.ts';
import { Introspection } from './introspection.ts';

const endpoint = new AskedEndpoint({ cookie: 'sid', introspect: '/me' }, [
  { field: 'user', at: 'user', isNamed: true },
]);
const about = (session: string) => endpoint.questionOf(session);
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A legacy that answers when the test says so. */
function play() {
  const waiting: { session: string; answer: (user: string | undefined) => void; fail: () => void }[] = [];
  const counts: Record<string, number> = {};
  const sessions = new ChangingSessions((session) => introspection.forget(session));
  let now = 1_000_000;
  const introspection = new Introspection({
    ask: ({ carrier: [, cookie] }) =>
      new Promise((resolve) => {
        waiting.push({
          session: cookie.slice(4),
          answer: (user) =>
            resolve({
              status: user === undefined ? 401 : 200,
              body: Buffer.from(JSON.stringify({ user })),
              truncated: false,
            }),
          fail: () => resolve(undefined),
        });
      }),
    count: (outcome) => {
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    },
    notes: { say: () => {} },
    isChanging: (session) => sessions.has(session),
    keptAnswers: 100,
  });
  const clock = () => now;
  return {
    waiting,
    counts,
    pass: (ms: number) => {
      now += ms;
    },
    known: (session: string) => introspection.known(about(session), clock)?.user,
    ask: (session: string) => introspection.ask(about(session), clock),
    begin: (session: string) => sessions.begin(about(session).session),
    end: (session: string) => sessions.end(about(session).session),
    /** Asks, and lets the legacy answer at once. */
    async learn(session: string, user: string | undefined) {
      const asked = introspection.ask(about(session), clock);
      waiting.at(-1)!.answer(user);
      return asked;
    },
  };
}

describe('a session that a write may change', () => {
  test('is forgotten before the write leaves', async () => {
    const { learn, known, begin, end } = play();
    await learn('a', 'ann');
    await learn('b', 'bob');
    begin('a');
    end('a');
    expect([known('a'), known('b')]).toEqual([undefined, 'bob']);
  });

  test('an answer to a question from before is neither shared nor kept', async () => {
    const { waiting, ask, known, begin, end } = play();
    const before = ask('a');
    begin('a');
    const during = ask('a');
    end('a');
    const after = ask('a');
    expect(waiting).toHaveLength(3);
    for (const [at, user] of ['ann', 'ann', 'bob'].entries()) waiting[at]!.answer(user);
    expect((await Promise.all([before, during, after])).map(({ user }) => user)).toEqual([
      'ann',
      'ann',
      'bob',
    ]);
    expect(known('a')).toBe('bob');
  });

  test('is asked about again by each request, up to a bound, while several writes are in progress', async () => {
    const { waiting, counts, ask, known, learn, begin, end } = play();
    begin('a');
    begin('a');
    end('a');
    const asked = Array.from({ length: 20 }, () => ask('a'));
    expect(waiting.length).toBeLessThan(20);
    expect(counts.refused).toBe(20 - waiting.length);
    for (const { answer } of waiting) answer('ann');
    const uncertain = (await Promise.all(asked)).filter((identity) => identity.uncertain);
    expect(uncertain).toHaveLength(counts.refused!);
    expect(known('a')).toBeUndefined();
    end('a');
    await learn('a', 'ann');
    expect(known('a')).toBe('ann');
  });
});

describe('a known user', () => {
  test('is asked about again before the answer expires, and waits for nothing', async () => {
    const { waiting, known, learn, pass } = play();
    await learn('a', 'ann');
    pass(5_000);
    expect(known('a')).toBe('ann');
    expect(waiting).toHaveLength(1);
    pass(2_000);
    expect([known('a'), known('a')]).toEqual(['ann', 'ann']);
    expect(waiting).toHaveLength(2);
    waiting[1]!.answer('anna');
    await settle();
    pass(5_000);
    expect(known('a')).toBe('anna');
  });

  test('is known until the answer expires, and no longer, when the legacy cannot be asked again', async () => {
    const { waiting, known, learn, pass } = play();
    await learn('a', 'ann');
    for (let second = 0; second < 9; second += 1) {
      pass(1_000);
      expect(known('a')).toBe('ann');
      waiting.at(-1)!.fail();
      await settle();
    }
    // Once a second from the time on when it is asked again.
    expect(waiting.length).toBeLessThanOrEqual(5);
    pass(1_000);
    expect(known('a')).toBeUndefined();
  });

  test('who has logged out is anonymous with the next answer', async () => {
    const { waiting, known, learn, pass } = play();
    await learn('a', 'ann');
    pass(7_000);
    known('a');
    waiting.at(-1)!.answer(undefined);
    await settle();
    expect(known('a')).toBeUndefined();
  });
});

describe('a flood of made-up sessions', () => {
  test('leaves places to sessions that have belonged to users, long after their answers have expired', async () => {
    const { waiting, counts, ask, learn, pass } = play();
    await learn('a', 'ann');
    pass(60_000);
    const flood = Array.from({ length: 1_000 }, (_, at) => ask(`made-up-${at}`));
    expect(counts.refused).toBeGreaterThan(0);
    expect(await ask('newcomer')).toMatchObject({ uncertain: true });
    expect(await learn('a', 'ann')).toMatchObject({ user: 'ann', uncertain: false });
    for (const { answer } of waiting) answer(undefined);
    await Promise.all(flood);
    expect(await learn('newcomer', 'new')).toMatchObject({ user: 'new' });
  });

  test('drops no known user from memory', async () => {
    const { known, learn } = play();
    await learn('a', 'ann');
    for (let at = 0; at < 1_000; at += 1) await learn(`made-up-${at}`, undefined);
    expect(known('a')).toBe('ann');
  });
});

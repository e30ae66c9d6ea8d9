/** What the flag store for Unleash does, against a fake server and against a real one. */
import { openForeignFlags, withoutAudit } from '@ficus/control';
import type { FlagKind, FlagsConfig } from '@ficus/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silent } from './rig.ts';
import { rolloutOf, type SubjectStrategy, type UnleashSubject } from './unleash-subject.ts';

/** A strategy that does not affect the percentage. */
const cohort: SubjectStrategy = {
  ...rolloutOf(100, 'cohort'),
  constraints: [{ contextName: 'userId', operator: 'IN', values: ['ada'] }],
};

export function describeUnleashFlags(name: string, start: () => Promise<UnleashSubject>): void {
  describe(name, () => {
    let server: UnleashSubject;

    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.stop());

    const open = (over: Partial<NonNullable<FlagsConfig['unleash']>> = {}) => {
      const { url, clientToken: token, adminToken } = server;
      const unleash = { url, token, adminToken, refreshMs: 100, ...over };
      return openForeignFlags({ provider: 'unleash', environment: 'default', unleash }, withoutAudit);
    };
    const change = (slice: string, percent: number, kind: FlagKind = 'serve') => ({
      slice,
      kind,
      percent,
      actor: 'ada',
      reason: '',
    });

    test('sets the rollout, and keeps strategy, groupId, stickiness and cohorts', async () => {
      await server.createFlag('notes.serve', [cohort, rolloutOf(10, 'my-group')], true);
      expect(await open().set(change('notes', 25))).toBe(10);
      const { enabled, strategies } = await server.readFlag('notes.serve');
      expect(enabled).toBe(true);
      expect(strategies).toMatchObject([cohort, rolloutOf(25, 'my-group')]);
    });

    test('turns a flag on with its first share, and off with 0, cohorts included', async () => {
      await server.createFlag('pages.shadow', [rolloutOf(50, 'pages')], false);
      const flags = open();
      expect(await flags.set(change('pages', 5, 'shadow'))).toBe(0);
      expect(await server.readFlag('pages.shadow')).toMatchObject({
        enabled: true,
        strategies: [rolloutOf(5, 'pages')],
      });
      expect(await flags.set(change('pages', 0, 'shadow'))).toBe(5);
      expect(await server.readFlag('pages.shadow')).toMatchObject({
        enabled: false,
        strategies: [rolloutOf(0, 'pages')],
      });
    });

    test('shows what was set at once, and what others set after a while', async () => {
      await server.createFlag('orders.serve', [rolloutOf(10, 'orders')], true);
      const flags = open();
      const heard: string[] = [];
      flags.subscribe((slice, kind) => heard.push(`${slice}.${kind}`));
      flags.follow(silent);
      try {
        await expect.poll(() => flags.read('orders', 'serve').percent).toBe(10);
        await flags.set(change('orders', 30));
        expect(flags.read('orders', 'serve').percent).toBe(30);
        await open().set(change('orders', 40));
        await expect.poll(() => flags.read('orders', 'serve').percent).toBe(40);
        expect(heard).toContain('orders.serve');
      } finally {
        flags.stop();
      }
    });

    test('says what is missing: flag, rollout, token', async () => {
      await server.createFlag('cohort.serve', [cohort], true);
      await expect(open().set(change('nowhere', 1))).rejects.toMatchObject({
        code: 'FICUS_UNLEASH_FLAG_UNUSABLE',
        message: expect.stringContaining('nowhere.serve'),
      });
      await expect(open().set(change('cohort', 1))).rejects.toMatchObject({
        code: 'FICUS_UNLEASH_FLAG_UNUSABLE',
        message: expect.stringContaining('it has 0 gradual rollouts without constraints in development'),
      });
      for (const adminToken of [undefined, ''])
        await expect(open({ adminToken }).set(change('cohort', 1))).rejects.toMatchObject({
          code: 'FICUS_UNLEASH_TOKEN_MISSING',
        });
    });

    test('says which token the server refuses', async () => {
      await server.createFlag('guarded.serve', [rolloutOf(1, 'guarded')], true);
      await expect(open({ adminToken: server.clientToken }).set(change('guarded', 1))).rejects.toMatchObject({
        code: 'FICUS_UNLEASH_FORBIDDEN',
        message: expect.stringContaining('refuses flags.unleash.adminToken'),
      });
      await expect(
        open({ token: 'default:development.unknown' }).set(change('guarded', 1)),
      ).rejects.toMatchObject({
        code: 'FICUS_UNLEASH_FORBIDDEN',
        message: expect.stringContaining('refuses flags.unleash.token'),
      });
    });
  });
}

import { startFakeUnleash } from './fake-unleash.ts';
import { describeUnleashFlags } from './unleash-suite.ts';

describeUnleashFlags('a fake Unleash server', startFakeUnleash);

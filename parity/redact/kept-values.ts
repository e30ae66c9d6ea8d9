/**
 * What a sample shows as it is; everything else gets a stand-in. An allow-list: what is not on it is hidden.
 * Teams add places of their own with `parity.samples.allow`.
 */
import type { JsonStep } from '../rules/json-path.ts';
import { type Place, placeTest } from '../rules/place.ts';
import { isFieldName } from './field-name.ts';
import { StandIns } from './stand-ins.ts';

/** Headers whose values say how a message is to be handled, and nothing about a person. */
const SHOWN_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-expose-headers',
  'access-control-max-age',
  'access-control-request-headers',
  'access-control-request-method',
  'allow',
  'cache-control',
  'content-language',
  'content-type',
  'cross-origin-embedder-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'permissions-policy',
  'pragma',
  'prefer',
  'range',
  'referrer-policy',
  'retry-after',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'strict-transport-security',
  'upgrade-insecure-requests',
  'vary',
  'x-content-type-options',
  'x-frame-options',
  'x-requested-with',
  'x-robots-tag',
]);

/** Directives, media types, languages: short words. A client may put anything there (an address, a token), which has others. */
const STEERING = /^(?:(?!\w{33}|(?:[A-Za-z_]*\d){9})[\w \t,;=*/+."():…-])*$/;

/** Each is looked up with all that lead to it: a document may be nested thousands of levels deep. */
const MOST_STEPS = 150;

/** Whether the team allows a place. */
export type IsAllowed = (place: Place) => boolean;

/** @param allow `parity.samples.allow` */
export function prepareAllowed(allow: readonly string[]): IsAllowed {
  const tests = allow.map(placeTest);
  return (place) => tests.some((test) => test(place));
}

export type ShownPair = readonly [legacy: string, candidate: string];

/** For one comparison and its sample. */
export class KeptValues {
  readonly standIns = new StandIns();
  readonly #isAllowed: IsAllowed;

  constructor(isAllowed: IsAllowed = () => false) {
    this.#isAllowed = isAllowed;
  }

  /** Whether whatever stands at this place is shown. @param value of a header: not all are alike */
  shows(place: Place, value?: string): boolean {
    if (place.area === 'status') return true;
    return steersMessage(place, value) || this.#isAllowed(place);
  }

  /** The value at a place, or its stand-in. */
  text(place: Place, value: string): string {
    return isHarmless(value) || this.shows(place, value) ? value : this.standIns.of(value);
  }

  /** Two values that are shown alike get tags: short ones may have the same stand-in. @param raw the values themselves */
  tellApart(shown: ShownPair, raw: () => ShownPair): ShownPair {
    if (shown[0] !== shown[1]) return shown;
    const [left, right] = raw();
    if (left === right) return shown;
    return [`${shown[0]} ${this.standIns.tag(left)}`, `${shown[1]} ${this.standIns.tag(right)}`];
  }

  /** The first steps of a place, keys of maps and unusual names as stand-ins. A path is cut long before there are more. */
  steps(place: Extract<Place, { area: 'json' }>): readonly JsonStep[] {
    const keysOfMaps = place.keysOfMaps?.();
    return place.steps.slice(0, MOST_STEPS).map((step, at) => {
      if (typeof step === 'number') return step;
      const shown = this.#isAllowed({ area: 'json', steps: place.steps.slice(0, at + 1) });
      return shown ? step : this.name(step, keysOfMaps?.has(at));
    });
  }

  /** A member's, parameter's or header's name, or its stand-in. */
  name(name: string, isKeyOfMap = false): string {
    return !isKeyOfMap && isFieldName(name) ? name : this.standIns.of(name);
  }
}

function steersMessage(place: Place, value: string | undefined): boolean {
  if (place.area !== 'header' || place.part !== undefined || value === undefined) return false;
  return SHOWN_HEADERS.has(place.name) && STEERING.test(value);
}

/** `null`, booleans, integers of two digits, and texts of signs alone (`/`). */
export function isHarmless(text: string): boolean {
  return /^(?:null|true|false|-?\d{1,2}|[\x20-\x2f\x3a-\x40[-`{-~]*)$/.test(text);
}

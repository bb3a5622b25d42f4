/** Dates of the Gregorian calendar and seconds since 1970, for clock chips. No time zones, no leap seconds. */

export interface CivilTime {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  /** 1..31 */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

const SECONDS_PER_DAY = 86_400;
/** 400 years repeat; counted from the 1st of March of year 0, so that leap days end years. */
const DAYS_PER_ERA = 146_097, DAYS_TO_1970 = 719_468;
/** 1970 began on a Thursday. */
const THURSDAY = 4;

export function civilTimeOf(seconds: number): CivilTime {
  const days = Math.floor(seconds / SECONDS_PER_DAY), rest = seconds - days * SECONDS_PER_DAY;
  const shifted = days + DAYS_TO_1970, era = Math.floor(shifted / DAYS_PER_ERA), dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153), month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    hour: Math.floor(rest / 3600), minute: Math.floor(rest / 60) % 60, second: rest % 60, weekday: (((days + THURSDAY) % 7) + 7) % 7,
  };
}

/** The reverse; fields beyond their ranges carry over. */
export function secondsOf({ year, month, day, hour, minute, second }: Omit<CivilTime, "weekday">): number {
  const monthIndex = month - 1, years = year + Math.floor(monthIndex / 12), m = ((monthIndex % 12) + 12) % 12;
  const marchYear = m < 2 ? years - 1 : years, era = Math.floor(marchYear / 400), yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((m + 10) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return (era * DAYS_PER_ERA + dayOfEra - DAYS_TO_1970) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
}

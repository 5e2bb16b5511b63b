/** Format sizes, counts and times for the page. */

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** Format a size in decimal units with two or three digits: `532 bytes`, `1.4 MB`, `12 GB`. */
export function size(bytes) {
  if (bytes === 1) return "1 byte";
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Format a number with its noun: `1 file`, `20 files`. */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Format the time of day in the browser's time zone. */
export function clockTime(date) {
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** How things are written for people. */

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** A size in decimal units, to two or three figures: `532 bytes`, `1.4 MB`, `12 GB`. */
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

/** A number and its noun: `1 file`, `20 files`. */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A moment of today, as the reader's own clock shows it. */
export function clockTime(date) {
  return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

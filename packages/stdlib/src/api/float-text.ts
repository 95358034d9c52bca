/**
 * Floating point numbers as serde_json writes them: the shortest digits that come back as the same number, always with a
 * point or an exponent.
 * @module
 */

/** `null` for what JSON cannot say: infinities and not-a-number. */
export function f64Text(value: number): string {
  return Number.isFinite(value) ? layOut(digitsOf(value), 16, -5) : "null";
}

/** The same for 32 bits, whose shortest digits are fewer. */
export function f32Text(value: number): string {
  if (!Number.isFinite(Math.fround(value))) return "null";
  const rounded = Math.fround(value);
  let precision = 0;
  while (Math.fround(Number(rounded.toExponential(precision))) !== rounded) precision += 1;
  const shortest = digitsOf(rounded, precision);
  return layOut(isHalfway(rounded, precision) ? toEven(shortest) : shortest, 13, -6);
}

// More than a number of 32 bits has where a half is possible.
const ALL_DIGITS = 60;

/** Whether the digits that are left out are exactly a half: JavaScript then rounds up, Rust to an even digit. */
function isHalfway(value: number, precision: number): boolean {
  const [mantissa] = Math.abs(value).toExponential(ALL_DIGITS).split("e") as [string];
  return /^50*$/.test(mantissa.replace(".", "").slice(precision + 1));
}

function toEven(decimal: Decimal): Decimal {
  const last = Number(decimal.digits.at(-1));
  return last % 2 === 0
    ? decimal
    : { ...decimal, digits: `${decimal.digits.slice(0, -1)}${last - 1}` };
}

interface Decimal {
  readonly sign: string;
  readonly digits: string;
  /** Where the point is, counted from the start of the digits. */
  readonly point: number;
}

function digitsOf(value: number, precision?: number): Decimal {
  const exponential = Math.abs(value).toExponential(precision);
  const [mantissa, exponent] = exponential.split("e") as [string, string];
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const digits = mantissa.replace(".", "").replace(/0+$/, "");
  return { sign, digits: digits === "" ? "0" : digits, point: Number(exponent) + 1 };
}

function layOut({ sign, digits, point }: Decimal, most: number, least: number): string {
  const count = digits.length;
  if (digits === "0") return `${sign}0.0`;
  if (count <= point && point <= most) return `${sign}${digits}${"0".repeat(point - count)}.0`;
  if (point > 0 && point <= most) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  if (least < point && point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  const rest = count === 1 ? "" : `.${digits.slice(1)}`;
  const exponent = point - 1;
  return `${sign}${digits[0]}${rest}e${exponent < 0 ? "" : "+"}${exponent}`;
}

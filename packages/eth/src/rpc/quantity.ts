/**
 * Numbers as JSON-RPC writes them.
 * @module
 */
import { stringOf } from "../json/raw-json.ts";

/** The number that a JSON text means as a quantity of JSON-RPC: `"0x1a"`. */
export function quantity(text: string | undefined): number | undefined {
  const digits = stringOf(text);
  if (digits === undefined || !/^0x[0-9a-f]{1,13}$/i.test(digits)) return undefined;
  return Number(digits);
}

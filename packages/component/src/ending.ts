/**
 * Why a guest stopped, in words for a person.
 * @module
 */
import { ProcessFault, errorText } from "@kinode-ts/types";

/** The engine's own texts, by how they begin. */
const TRAPS: readonly (readonly [RegExp, string])[] = [
  [/^Unreachable code/, "it executed an unreachable instruction (a panic or an abort)"],
  [
    /^Out of bounds memory access/,
    "it accessed memory out of bounds (or its own stack overflowed)",
  ],
  [/^Out of bounds call_indirect|^Out of bounds table access/, "it accessed a table out of bounds"],
  [/^call_indirect to a null table entry/, "it called an empty table entry"],
  [/^call_indirect to a signature/, "it called a function of another type"],
  [/^Division by zero/, "it divided by zero"],
  [/^Integer overflow|^Out of bounds Trunc/, "an integer operation overflowed"],
];
/** Measured with return_call_indirect from one instance to another, on the way to something that suspends. */
const SUSPENDED_BELOW_TAIL_CALL =
  "it had to wait below a tail call into another core module, which the node's engine cannot do";
const STACK_EXHAUSTED = "it ran out of stack: its functions call each other too deeply";

/** The root cause of anything that came out of running a guest. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof ProcessFault) return thrown.message;
  if (thrown instanceof RangeError) {
    return /call stack/i.test(thrown.message) ? STACK_EXHAUSTED : `it failed: ${plainText(thrown)}`;
  }
  if (thrown instanceof WebAssembly.RuntimeError) {
    const text = plainText(thrown);
    const known = TRAPS.find(([pattern]) => pattern.test(text));
    return known === undefined ? `it trapped: ${text}` : known[1];
  }
  if (thrown instanceof WebAssembly.LinkError)
    return `its core modules do not fit together: ${plainText(thrown)}`;
  if (isGuestException(thrown)) return "it threw an exception that nothing caught";
  if (/JSPI stack scan failed/.test(errorText(thrown))) return SUSPENDED_BELOW_TAIL_CALL;
  return `it failed: ${plainText(thrown)}`;
}

function isGuestException(thrown: unknown): boolean {
  const { Exception } = WebAssembly as { Exception?: new (...args: never[]) => unknown };
  return Exception !== undefined && thrown instanceof Exception;
}

/** Without the engine's hint at our own source, which tells a person nothing. */
function plainText(thrown: unknown): string {
  return errorText(thrown).replace(/ \(evaluating '.*$/s, "");
}

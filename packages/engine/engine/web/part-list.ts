/**
 * The parts of the engine that are loaded when a script first uses one of their globals. They lie in the module as bytecode
 * (a passive data segment), so a process that does not use them pays nothing for them.
 * @module
 */

export interface EnginePart {
  /** File in `parts/`, without its ending. */
  readonly name: string;
  /** Globals it defines. */
  readonly globals: readonly string[];
}

/** In the order in which the engine numbers them. */
export const ENGINE_PARTS: readonly EnginePart[] = [
  // src/engine.c knows this one by its number
  { name: "exports", globals: [] },
  { name: "inspect", globals: [] },
  { name: "carrier", globals: [] },
  {
    name: "timers",
    globals: ["setTimeout", "setInterval", "clearTimeout", "clearInterval"],
  },
  { name: "clone", globals: ["structuredClone"] },
  { name: "url", globals: ["URL", "URLSearchParams"] },
  {
    name: "events",
    globals: ["Event", "CustomEvent", "EventTarget", "AbortSignal", "AbortController"],
  },
  {
    name: "http",
    globals: ["Blob", "File", "FormData", "Headers", "Request", "Response", "fetch"],
  },
];

/** Number of a part. */
export function partNumber(name: string): number {
  return ENGINE_PARTS.findIndex((part) => part.name === name);
}

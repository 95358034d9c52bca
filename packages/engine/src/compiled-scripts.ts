/**
 * What the engine has compiled, so that only the first process of a script has to be compiled.
 * QuickJS trusts such code. So nothing is taken but what the engine itself hands over before anything of the script has run,
 * it is used for the same text only, and it is never stored: it lives as long as the node.
 * @module
 */

/** Texts and code together; beyond it the scripts that were compiled first are forgotten. */
const MAX_KEPT_BYTES = 32 * 1_024 * 1_024;
const NOTHING_YET = new Uint8Array();

/** The two functions of `kinode:script/source` about compiled code, for one process. */
export interface CompiledSource {
  compiled(): Uint8Array;
  keep(code: Uint8Array): void;
}

export class CompiledScripts {
  /** By the whole text: another text cannot be taken for it. */
  readonly #codes = new Map<string, Uint8Array>();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number = MAX_KEPT_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** @param script - text of the script that the process runs */
  sourceFor(script: string): CompiledSource {
    /** The engine asks and then hands over once; whatever else comes is not of the engine. */
    let isWelcome = false;
    let wasAsked = false;
    return {
      compiled: () => {
        const code = this.#codes.get(script);
        isWelcome = code === undefined && !wasAsked;
        wasAsked = true;
        return code ?? NOTHING_YET;
      },
      keep: (code) => {
        if (isWelcome) this.#add(script, code);
        isWelcome = false;
      },
    };
  }

  #add(script: string, code: Uint8Array): void {
    const bytes = costOf(script, code);
    if (this.#codes.has(script) || bytes > this.#maxBytes) return;
    for (const [oldest, old] of this.#codes) {
      if (this.#bytes + bytes <= this.#maxBytes) break;
      this.#codes.delete(oldest);
      this.#bytes -= costOf(oldest, old);
    }
    this.#codes.set(script, code.slice()); // NOTE: it may lie in the memory of the process
    this.#bytes += bytes;
  }
}

function costOf(script: string, code: Uint8Array): number {
  return 2 * script.length + code.length;
}

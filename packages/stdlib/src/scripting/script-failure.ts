/**
 * The end of a script that could not do what it was asked to.
 * @module
 */

const FAILED = 1;

/** Thrown in a script, it ends the script: the text is shown as it is, without the word "error" or a stack. */
export class ScriptFailure extends Error {
  override name = "ScriptFailure";
  /** 1 to 255, or 0: then the text is the script's output, as for `--help`. */
  readonly status: number;
  constructor(text: string, options: { readonly status?: number } = {}) {
    super(text);
    this.status = options.status ?? FAILED;
  }
}

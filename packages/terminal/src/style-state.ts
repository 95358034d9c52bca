/**
 * The look of text at one place: what style (SGR) sequences of a process have added up to.
 * A process's own sequences never reach the screen; they are read here and written anew, so that a row can be ended and
 * the next one begun in the same look.
 * @module
 */

/** Ends all styles. */
export const RESET = "\u001b[0m";

type Attribute = "bold" | "dim" | "italic" | "underline" | "inverse" | "strike";

const ON: Readonly<Record<number, readonly [Attribute, number]>> = {
  1: ["bold", 1],
  2: ["dim", 2],
  3: ["italic", 3],
  4: ["underline", 4],
  7: ["inverse", 7],
  9: ["strike", 9],
  21: ["underline", 4],
};
const OFF: Readonly<Record<number, readonly Attribute[]>> = {
  22: ["bold", "dim"],
  23: ["italic"],
  24: ["underline"],
  27: ["inverse"],
  29: ["strike"],
};

const asGround = (ink: string): string =>
  ink.startsWith("38;") ? `48${ink.slice(2)}` : String(Number(ink) + 10);
const isByte = (value: number | undefined): value is number => value !== undefined && value <= 255;

/** Blinking, hidden text, fonts and frames are not taken over. */
export class StyleState {
  readonly #base: number | undefined;
  readonly #attributes = new Map<Attribute, number>();
  #ink: string | undefined;
  /** The colour of the ground, written as an ink. */
  #ground: string | undefined;

  /** @param base - colour that text has without a style, an SGR number */
  constructor(base?: number) {
    this.#base = base;
  }

  /** Takes over one sequence, from `ESC [` to `m`. */
  apply(sequence: string): void {
    const codes = sequence.slice(2, -1).split(";");
    for (let i = 0; i < codes.length; i += 1) {
      // `4:3` and the like: the first number says what it is.
      const code = Number((codes[i] || "0").split(":")[0]);
      if (code === 38 || code === 48 || code === 58) {
        const used = this.#color(code, codes.slice(i).join(";").split(/[;:]/).map(Number));
        if (!codes[i]!.includes(":")) i += used;
      } else this.#one(code);
    }
  }

  /** The sequence that gives text this look, whatever it was before. Empty when there is no style. */
  toString(): string {
    const ink = this.#ink ?? (this.#base === undefined ? undefined : String(this.#base));
    const codes: (string | number)[] = [...this.#attributes.values()];
    if (ink !== undefined) codes.push(ink);
    // Text in the colour of its ground could not be read.
    if (this.#ground !== undefined && this.#ground !== ink) codes.push(asGround(this.#ground));
    return codes.length === 0 ? "" : `\u001b[${codes.join(";")}m`;
  }

  #one(code: number): void {
    const on = ON[code];
    if (code === 0) {
      this.#attributes.clear();
      this.#ink = undefined;
      this.#ground = undefined;
    } else if (on !== undefined) this.#attributes.set(on[0], on[1]);
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) this.#ink = String(code);
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) {
      this.#ground = String(code - 10);
    } else if (code === 39) this.#ink = undefined;
    else if (code === 49) this.#ground = undefined;
    else for (const attribute of OFF[code] ?? []) this.#attributes.delete(attribute);
  }

  /** `38;5;n` and `38;2;r;g;b`; 58 (colour of the underline) is read over. Returns how many numbers follow. */
  #color(kind: number, [, form, ...values]: readonly number[]): number {
    const count = form === 5 ? 1 : form === 2 ? 3 : 0;
    const bytes = values.slice(0, count);
    if (count > 0 && bytes.length === count && bytes.every(isByte)) {
      const text = `38;${form};${bytes.join(";")}`;
      if (kind === 38) this.#ink = text;
      if (kind === 48) this.#ground = text;
    }
    return count === 0 ? 1 : count + 1;
  }
}

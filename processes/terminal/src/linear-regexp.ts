/**
 * Regular expressions whose time grows with the length of the text only: scripts of the node run natively, where
 * nothing could stop a pattern that backtracks for hours.
 *
 * Knows characters, `.`, `[…]`, `\d \w \s` and their opposites, `( )`, `|`, `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`, `^`, `$`.
 * It answers whether a text has a match, nothing more: no groups, no back references, no look-around.
 * @module
 */

/** A pattern that this cannot read. */
export class PatternError extends Error {
  override name = "PatternError";
}

type Test = (char: string) => boolean;

/** States of the automaton; `next` and `other` are places in the program. */
type Step =
  | { readonly kind: "char"; readonly test: Test }
  | { readonly kind: "jump"; to: number }
  | { readonly kind: "either"; to: number; or: number }
  | { readonly kind: "start" | "end" | "match" };

/** Steps of one pattern: each character of a text is compared with at most so many. */
const MAX_STEPS = 500;
const MAX_COUNT = 255;

const CLASSES: Readonly<Record<string, Test>> = {
  d: (char) => char >= "0" && char <= "9",
  w: (char) => /^\w$/.test(char),
  s: (char) => /^\s$/.test(char),
};
const CONTROLS: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r" };

/**
 * Compiles a pattern to a test of texts.
 * @throws {PatternError} it cannot be read, or is too large
 */
export function compileLinear(
  pattern: string,
  options: { readonly ignoreCase?: boolean } = {},
): (text: string) => boolean {
  const folded = options.ignoreCase === true;
  const steps = new Compiler(pattern, folded).compile();
  return (text) => hasMatch(steps, folded ? text.toLowerCase() : text);
}

function hasMatch(steps: readonly Step[], text: string): boolean {
  const chars = Array.from(text);
  let now = new Threads(steps.length);
  let next = new Threads(steps.length);
  for (let at = 0; at <= chars.length; at++) {
    if (now.add(steps, 0, at === 0, at === chars.length)) return true;
    const char = chars[at];
    if (char === undefined) break;
    for (const place of now.places) {
      const step = steps[place]!;
      if (step.kind !== "char" || !step.test(char)) continue;
      if (next.add(steps, place + 1, false, at + 1 === chars.length)) return true;
    }
    [now, next] = [next, now];
    next.clear();
  }
  return false;
}

/** Places of the program that a match could be at. */
class Threads {
  readonly places: number[] = [];
  readonly #seen: Uint8Array;

  constructor(size: number) {
    this.#seen = new Uint8Array(size);
  }

  clear(): void {
    this.places.length = 0;
    this.#seen.fill(0);
  }

  /** Adds a place and all that can be reached from it without a character; whether that is a match. */
  add(steps: readonly Step[], first: number, atStart: boolean, atEnd: boolean): boolean {
    const waiting = [first];
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      if (this.#seen[place] === 1) continue;
      this.#seen[place] = 1;
      const step = steps[place]!;
      if (step.kind === "match") return true;
      if (step.kind === "char") this.places.push(place);
      else if (step.kind === "jump") waiting.push(step.to);
      else if (step.kind === "either") waiting.push(step.or, step.to);
      else if (step.kind === "start" ? atStart : atEnd) waiting.push(place + 1);
    }
    return false;
  }
}

class Compiler {
  readonly #chars: readonly string[];
  readonly #folded: boolean;
  readonly #steps: Step[] = [];
  #at = 0;

  constructor(pattern: string, folded: boolean) {
    this.#chars = Array.from(pattern);
    this.#folded = folded;
  }

  compile(): readonly Step[] {
    this.#choice(0);
    if (this.#at < this.#chars.length) throw this.#wrong('")" without "("');
    this.#push({ kind: "match" });
    return this.#steps;
  }

  /** `a|b|c` */
  #choice(depth: number): void {
    const start = this.#steps.length;
    this.#sequence(depth);
    if (this.#chars[this.#at] !== "|") return;
    this.#at++;
    this.#insert(start, { kind: "either", to: start + 1, or: this.#steps.length + 2 });
    const jump = this.#push({ kind: "jump", to: 0 });
    this.#choice(depth);
    jump.to = this.#steps.length;
  }

  #sequence(depth: number): void {
    for (let char = this.#chars[this.#at]; char !== undefined; char = this.#chars[this.#at]) {
      if (char === "|" || char === ")") return;
      const start = this.#steps.length;
      this.#atom(char, depth);
      this.#repeated(start);
    }
  }

  #atom(char: string, depth: number): void {
    this.#at++;
    if (char === "(") {
      if (depth >= 50) throw this.#wrong("groups are nested more than 50 deep");
      if (this.#chars[this.#at] === "?") throw this.#wrong("groups cannot start with ?");
      this.#choice(depth + 1);
      if (this.#chars[this.#at++] !== ")") throw this.#wrong('"(" without ")"');
    } else if (char === "^") this.#push({ kind: "start" });
    else if (char === "$") this.#push({ kind: "end" });
    else if (char === "*" || char === "+" || char === "?")
      throw this.#wrong(`nothing before ${char}`);
    else this.#push({ kind: "char", test: this.#test(char) });
  }

  #test(char: string): Test {
    if (char === ".") return () => true;
    if (char === "[") return this.#set();
    return char === "\\" ? this.#escape() : this.#same(char);
  }

  #escape(): Test {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw this.#wrong("it ends with a backslash");
    const found = CLASSES[char.toLowerCase()];
    if (found !== undefined) return char === char.toLowerCase() ? found : (one) => !found(one);
    if (/[1-9bBkpPux]/.test(char)) throw this.#wrong(`\\${char} is not known`);
    return this.#same(CONTROLS[char] ?? char);
  }

  #same(char: string): Test {
    const wanted = this.#folded ? char.toLowerCase() : char;
    return (one) => one === wanted;
  }

  /** `[a-z_]`, `[^"]` */
  #set(): Test {
    const inverted = this.#chars[this.#at] === "^";
    if (inverted) this.#at++;
    const tests: Test[] = [];
    for (let first = true; ; first = false) {
      const char = this.#chars[this.#at++];
      if (char === undefined) throw this.#wrong('"[" without "]"');
      if (char === "]" && !first) break;
      tests.push(this.#range(char));
    }
    return (one) => tests.some((test) => test(one)) !== inverted;
  }

  #range(low: string): Test {
    if (low === "\\") return this.#escape();
    const high = this.#chars[this.#at + 1];
    if (this.#chars[this.#at] !== "-" || high === undefined || high === "]") return this.#same(low);
    this.#at += 2;
    if (high < low) throw this.#wrong(`the range ${low}-${high} is empty`);
    const isIn = (one: string): boolean => one >= low && one <= high;
    return this.#folded ? (one) => isIn(one) || isIn(one.toUpperCase()) : isIn;
  }

  /** `*`, `+`, `?` and `{n,m}` after what starts at `start`. */
  #repeated(start: number): void {
    for (;;) {
      const count = this.#count();
      if (count === undefined) return;
      const atom = this.#steps.splice(start);
      for (let done = 0; done < count.min; done++) this.#copy(atom, start);
      if (count.max === undefined) this.#loop(atom, start);
      else for (let done = count.min; done < count.max; done++) this.#maybe(atom, start);
    }
  }

  #count(): { readonly min: number; readonly max: number | undefined } | undefined {
    const char = this.#chars[this.#at];
    const simple = {
      "*": { min: 0, max: undefined },
      "+": { min: 1, max: undefined },
      "?": { min: 0, max: 1 },
    };
    if (char === "*" || char === "+" || char === "?") {
      this.#at++;
      return simple[char];
    }
    if (char !== "{") return undefined;
    const found = /^\{(\d{1,3})(,(\d{1,3})?)?\}/.exec(
      this.#chars.slice(this.#at, this.#at + 9).join(""),
    );
    if (found === null) throw this.#wrong('"{" is for counts, {2} or {2,5}; \\{ is the character');
    this.#at += found[0].length;
    const min = Number(found[1]);
    const max =
      found[2] === undefined ? min : found[3] === undefined ? undefined : Number(found[3]);
    if (min > MAX_COUNT || (max ?? 0) > MAX_COUNT || (max ?? min) < min) {
      throw this.#wrong(`counts go up to ${MAX_COUNT}, the smaller one first`);
    }
    return { min, max };
  }

  #loop(atom: readonly Step[], start: number): void {
    const either = this.#push({ kind: "either", to: 0, or: 0 });
    const begin = this.#steps.length;
    this.#copy(atom, start);
    this.#push({ kind: "jump", to: begin - 1 });
    either.to = begin;
    either.or = this.#steps.length;
  }

  #maybe(atom: readonly Step[], start: number): void {
    const either = this.#push({ kind: "either", to: this.#steps.length + 1, or: 0 });
    this.#copy(atom, start);
    either.or = this.#steps.length;
  }

  /** Appends steps that were written for the place `from`. */
  #copy(atom: readonly Step[], from: number): void {
    const by = this.#steps.length - from;
    for (const step of atom) {
      if (step.kind === "jump") this.#push({ kind: "jump", to: step.to + by });
      else if (step.kind === "either") {
        this.#push({ kind: "either", to: step.to + by, or: step.or + by });
      } else this.#push(step);
    }
  }

  #insert(at: number, step: Step): void {
    const moved = this.#steps.splice(at);
    this.#push(step);
    this.#copy(moved, at);
  }

  #push<S extends Step>(step: S): S {
    if (this.#steps.length >= MAX_STEPS) throw this.#wrong(`it has more than ${MAX_STEPS} steps`);
    this.#steps.push(step);
    return step;
  }

  #wrong(what: string): PatternError {
    return new PatternError(`cannot read the pattern "${this.#chars.join("")}": ${what}`);
  }
}

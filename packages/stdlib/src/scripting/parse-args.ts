/**
 * The arguments of a script: options and the rest, typed.
 * @module
 */
import { ScriptFailure } from "./script-failure.ts";
import { splitWords, WRONG_CALL } from "./split-words.ts";

/** `flag`: there or not; `text` and `integer`: with a value. */
export interface ArgOption {
  readonly type: "flag" | "text" | "integer";
  /** One letter: `n` for `-n`. */
  readonly short?: string;
  /** Value when it is not given; not for flags. */
  readonly default?: string | number;
}

/** What arguments a script takes. */
export interface ArgsShape<O extends Readonly<Record<string, ArgOption>>> {
  /** How to call it, shown when it was called wrongly: `head [-n <lines>] [<path>]`. */
  readonly usage: string;
  /** By long name: `lines` for `--lines`. */
  readonly options?: O;
  /** How many words may be left. Default: any number. */
  readonly rest?: { readonly min?: number; readonly max?: number };
}

type ValueOf<O extends ArgOption> = O["type"] extends "flag"
  ? boolean
  : O["type"] extends "text"
    ? O extends { readonly default: string }
      ? string
      : string | undefined
    : O extends { readonly default: number }
      ? number
      : number | undefined;

/** Arguments taken apart. */
export interface Args<O extends Readonly<Record<string, ArgOption>>> {
  readonly options: { readonly [Name in keyof O]: ValueOf<O[Name]> };
  /** The words that belong to no option. */
  readonly rest: readonly string[];
}

type AnyOptions = Readonly<Record<string, ArgOption>>;

/**
 * Reads `-a`, `-ab`, `-n 5`, `-n5`, `--lines 5`, `--lines=5`; after `--` everything is rest. A word may be quoted.
 * @throws {ScriptFailure} it was called wrongly (status 2), or asked for help with `--help` (status 0); with the usage
 */
export function parseArgs<const O extends AnyOptions = Record<never, ArgOption>>(
  args: string,
  shape: ArgsShape<O>,
): Args<O> {
  const reader = new ArgsReader(splitWords(args), shape);
  reader.read();
  return { options: reader.values as Args<O>["options"], rest: reader.rest };
}

class ArgsReader {
  readonly values: Record<string, unknown> = {};
  readonly rest: string[] = [];
  readonly #words: string[];
  readonly #shape: ArgsShape<AnyOptions>;
  readonly #options: AnyOptions;

  constructor(words: string[], shape: ArgsShape<AnyOptions>) {
    this.#words = words;
    this.#shape = shape;
    this.#options = shape.options ?? {};
    for (const [name, option] of Object.entries(this.#options)) {
      this.values[name] = option.type === "flag" ? false : option.default;
    }
  }

  read(): void {
    for (let word = this.#words.shift(); word !== undefined; word = this.#words.shift()) {
      if (word === "--") this.rest.push(...this.#words.splice(0));
      else if (word.startsWith("--")) this.#long(word.slice(2));
      else if (word.startsWith("-") && word !== "-") this.#short(word.slice(1));
      else this.rest.push(word);
    }
    const { min = 0, max = Infinity } = this.#shape.rest ?? {};
    if (this.rest.length < min) throw this.#wrong("something is missing");
    if (this.rest.length > max) throw this.#wrong(`"${this.rest[max]}" is too much`);
  }

  #long(text: string): void {
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    const value = equals < 0 ? undefined : text.slice(equals + 1);
    if (!Object.hasOwn(this.#options, name)) {
      if (text === "help") throw new ScriptFailure(this.#usage(), { status: 0 });
      throw this.#wrong(`--${name} is not known`);
    }
    if (this.#options[name]!.type !== "flag") this.#set(name, value ?? this.#words.shift());
    else if (value !== undefined) throw this.#wrong(`--${name} takes no value`);
    else this.values[name] = true;
  }

  #short(letters: string): void {
    for (let at = 0; at < letters.length; at++) {
      const letter = letters[at]!;
      const found = Object.entries(this.#options).find(([, { short }]) => short === letter);
      if (found === undefined) throw this.#wrong(`-${letter} is not known`);
      const [name, { type }] = found;
      if (type !== "flag") {
        this.#set(name, letters.slice(at + 1) || this.#words.shift());
        return;
      }
      this.values[name] = true;
    }
  }

  #set(name: string, value: string | undefined): void {
    if (value === undefined) throw this.#wrong(`--${name} needs a value`);
    if (this.#options[name]!.type === "text") {
      this.values[name] = value;
      return;
    }
    const number = Number(value);
    if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(number)) {
      throw this.#wrong(`"${value}" for --${name} is not a whole number`);
    }
    this.values[name] = number;
  }

  #usage(): string {
    return `usage: ${this.#shape.usage}`;
  }

  #wrong(what: string): ScriptFailure {
    return new ScriptFailure(`${what}\n${this.#usage()}`, { status: WRONG_CALL });
  }
}

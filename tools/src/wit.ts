/**
 * Reads our own WIT texts: enough of the language to list what an interface declares.
 * Whether a text is valid WIT is for the component tools to say; here it is already known to be.
 * @module
 */

export interface WitInterface {
  readonly name: string;
  /** Declarations in the order of the text, e.g. `["json", "type string"]`. */
  readonly types: readonly (readonly [name: string, declaration: string])[];
  /** E.g. `["our", "() -> address"]`. */
  readonly functions: readonly (readonly [name: string, signature: string])[];
}

export interface WitWorld {
  readonly name: string;
  /** E.g. `["include lib", "export init: func(our: string)"]`. */
  readonly items: readonly string[];
}

export interface WitPackage {
  /** With version, e.g. `kinode:process@1.0.0`. */
  readonly id: string;
  readonly interfaces: readonly WitInterface[];
  readonly worlds: readonly WitWorld[];
}

/**
 * Lists the declarations of one WIT file, comments and layout removed.
 * @throws {SyntaxError} what is left over that is no declaration it knows
 */
export function parseWit(text: string): WitPackage {
  let rest = normalise(text);
  let id = "";
  const interfaces: WitInterface[] = [];
  const worlds: WitWorld[] = [];
  while (rest !== "") {
    const header = /^package ([^;]+);/.exec(rest);
    const block = /^(interface|world) ([a-z0-9-]+) \{/.exec(rest);
    if (header !== null) {
      id = header[1]!;
      rest = rest.slice(header[0].length).trim();
    } else if (block !== null) {
      const end = closingBrace(rest, block[0].length);
      const body = rest.slice(block[0].length, end).trim();
      if (block[1] === "world") worlds.push({ name: block[2]!, items: splitItems(body) });
      else interfaces.push(parseInterface(block[2]!, body));
      rest = rest.slice(end + 1).trim();
    } else {
      throw new SyntaxError(
        `Expected a package, an interface or a world at "${rest.slice(0, 60)}"`,
      );
    }
  }
  return { id, interfaces, worlds };
}

/** Removes comments; one space between words, none beside punctuation that does not need it. */
function normalise(text: string): string {
  return text
    .replace(/\/\/[^\n]*/g, "")
    .replace(/\s+/g, " ")
    .replace(/,? ?([)}])/g, (_, bracket: string) => (bracket === ")" ? ")" : " }"))
    .replace(/([(<]) /g, "$1")
    .trim();
}

function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth === 0) return at;
  }
  throw new SyntaxError(`Unclosed "{" after "${text.slice(Math.max(0, from - 40), from)}"`);
}

function splitItems(body: string): string[] {
  return body
    .split(";")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function parseInterface(name: string, body: string): WitInterface {
  const types: [string, string][] = [];
  const functions: [string, string][] = [];
  let rest = body;
  while (rest !== "") {
    const alias = /^type ([a-z0-9-]+) = ([^;]+);/.exec(rest);
    const block = /^(record|variant|enum) ([a-z0-9-]+) \{/.exec(rest);
    const func = /^([a-z0-9-]+): func(\([^;]*);/.exec(rest);
    if (alias !== null) {
      types.push([alias[1]!, `type ${alias[2]!}`]);
      rest = rest.slice(alias[0].length).trim();
    } else if (block !== null) {
      const end = closingBrace(rest, block[0].length);
      types.push([block[2]!, `${block[1]!} { ${rest.slice(block[0].length, end).trim()} }`]);
      rest = rest.slice(end + 1).trim();
    } else if (func !== null) {
      functions.push([func[1]!, func[2]!]);
      rest = rest.slice(func[0].length).trim();
    } else {
      throw new SyntaxError(`Expected a declaration of "${name}" at "${rest.slice(0, 60)}"`);
    }
  }
  return { name, types, functions };
}

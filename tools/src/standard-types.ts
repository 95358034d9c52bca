/**
 * Turns the texts in `wit/` into the data from which the node builds the types of the process interface.
 * Run: `bun tools/src/standard-types.ts` writes `packages/component/src/generated/standard-wit.ts`; a test fails when that
 * file is not what the texts say.
 * @module
 */
import { readFileSync } from "node:fs";
import { parseWit } from "./wit.ts";

const ROOT = `${import.meta.dir}/../..`;
/** Where the data goes. */
export const GENERATED_PATH = `${ROOT}/packages/component/src/generated/standard-wit.ts`;
const FOLDERS = [
  "kinode-process-0.7.0",
  "kinode-process-0.8.0",
  "kinode-process-1.0.0",
  "hyperware-process-1.0.0",
];

type Json = string | readonly Json[] | { readonly [key: string]: Json };

/** Splits at commas outside brackets; a trailing one is allowed. */
function splitList(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i]!;
    if ("<({".includes(letter)) depth++;
    else if (")}".includes(letter) || (letter === ">" && text[i - 1] !== "-")) depth--;
    else if (letter === "," && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

/** `option<list<u8>>` → `["option", ["list", "u8"]]` */
function typeOf(text: string): Json {
  const generic = /^([a-z0-9-]+)<(.*)>$/s.exec(text);
  if (generic === null) return text;
  return [generic[1]!, ...splitList(generic[2]!).map(typeOf)];
}

/** `a: u8, b: string` → `[["a", "u8"], ["b", "string"]]` */
function fieldsOf(text: string): Json {
  return splitList(text).map((field) => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).trim(), typeOf(field.slice(colon + 1).trim())];
  });
}

function caseOf(text: string): Json {
  const payload = /^([a-z0-9-]+)\((.*)\)$/s.exec(text);
  return payload === null ? [text] : [payload[1]!, typeOf(payload[2]!)];
}

/** A declaration as a type with its parts in order. */
function declarationOf(declaration: string): Json {
  const block = /^(record|variant|enum|flags) \{(.*)\}$/s.exec(declaration);
  if (block === null) return typeOf(declaration.replace(/^type /, ""));
  const [, kind = "", body = ""] = block;
  if (kind === "record") return { record: fieldsOf(body) };
  if (kind === "variant") return { variant: splitList(body).map(caseOf) };
  return { [kind]: splitList(body) };
}

function signatureOf(signature: string): Json {
  const parts = /^\((.*)\)(?: -> (.*))?$/s.exec(signature);
  if (parts === null) throw new SyntaxError(`"${signature}" is no signature of a function`);
  const [, params = "", result] = parts;
  return { params: fieldsOf(params), ...(result === undefined ? {} : { result: typeOf(result) }) };
}

/** The text of the generated module, unformatted. */
export function generateStandardTypes(): string {
  const interfaces = FOLDERS.map((folder) => {
    const { id, interfaces } = parseWit(readFileSync(`${ROOT}/wit/${folder}/process.wit`, "utf8"));
    const [namespace, version] = id.split("@");
    const standard = interfaces.find((item) => item.name === "standard")!;
    return [
      `${namespace}/standard@${version}`,
      {
        types: standard.types.map(([name, text]) => [name, declarationOf(text)]),
        functions: standard.functions.map(([name, text]) => [name, signatureOf(text)]),
      },
    ] as const;
  });
  return `// Generated from wit/ by tools/src/standard-types.ts. Do not edit.
/**
 * The process interface of each version, as its WIT says: types, then functions, in the order of the text.
 * @module
 */
import type { WitInterface } from "../wit-data.ts";

export const STANDARD_WIT: Readonly<Record<string, WitInterface>> = ${JSON.stringify(Object.fromEntries(interfaces), undefined, 1)};
`;
}

if (import.meta.main) {
  await Bun.write(GENERATED_PATH, generateStandardTypes());
  await Bun.$`bun fmt --no-script ${GENERATED_PATH}`.quiet();
}

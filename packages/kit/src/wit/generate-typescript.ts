/**
 * A resolved interface → a TypeScript module: its types, their descriptions, and a typed API for each pair of messages.
 * @module
 */
import type { WitFunction, WitShape, WitType, WitTypeDeclaration } from "./ast.ts";
import { isSignature, type MessageApi, messageApis, type MessageCall } from "./message-calls.ts";
import { followAliases, type NamedType, type ResolvedInterface, typesIn } from "./resolve-wit.ts";
import { camelName, propertyKey, typeName, valueName } from "./typescript-names.ts";
import { wireCase } from "./wire-names.ts";
import {
  declarationWithoutJson,
  eachNamed,
  typeText,
  valueText,
  withoutJson,
} from "./typescript-types.ts";

/** A module in the three forms it is used in. */
export interface GeneratedModule {
  /** `chat`: the file is `chat.ts`, or `chat.js` with `chat.d.ts`. */
  readonly name: string;
  readonly ts: string;
  readonly js: string;
  readonly dts: string;
}

interface Value {
  readonly docs: string;
  readonly name: string;
  readonly type: string;
  readonly expression: string;
}

const RUNTIME = "@kinode-ts/stdlib/api";

/** Name of the module of an interface; interfaces of foreign packages carry the package's name. */
export function moduleName(of: ResolvedInterface): string {
  const { namespace, name } = of.package;
  const isProcess = name === "process" && (namespace === "kinode" || namespace === "hyperware");
  return isProcess ? of.name : `${namespace}-${name}-${of.name}`;
}

/**
 * Modules for these interfaces, and for those whose types they use (with the used types only).
 * @returns in the order of the interfaces, used ones last
 */
export function generateTypeScript(interfaces: readonly ResolvedInterface[]): GeneratedModule[] {
  const needed = new Map<ResolvedInterface, Set<WitTypeDeclaration>>();
  const need = ({ owner, declaration }: NamedType): void => {
    const types = needed.get(owner) ?? new Set();
    needed.set(owner, types);
    if (types.has(declaration)) return;
    types.add(declaration);
    for (const type of typesIn(declaration)) eachNamed(owner, type, need);
  };
  for (const owner of interfaces) {
    needed.set(owner, new Set());
    for (const declaration of owner.types) need({ owner, declaration });
    for (const { params, result } of owner.functions) {
      for (const { type } of params) eachNamed(owner, type, need);
      if (result !== undefined) eachNamed(owner, result, need);
    }
  }
  return [...needed].map(([owner, types]) =>
    generateModule(owner, ordered(owner, types), interfaces.includes(owner)),
  );
}

/** Types before those that use them: constants must exist when they are used. */
function ordered(owner: ResolvedInterface, types: ReadonlySet<WitTypeDeclaration>) {
  const done = new Set<WitTypeDeclaration>();
  const add = (declaration: WitTypeDeclaration): void => {
    if (done.has(declaration)) return;
    if (declaration.shape.kind === "resource") {
      done.add(declaration);
      return;
    }
    for (const type of typesIn(declaration)) {
      eachNamed(owner, type, (named) => {
        if (named.owner === owner) add(named.declaration);
      });
    }
    done.add(declaration);
  };
  for (const declaration of owner.types) if (types.has(declaration)) add(declaration);
  return [...done];
}

function generateModule(
  owner: ResolvedInterface,
  declarations: readonly WitTypeDeclaration[],
  isWhole: boolean,
): GeneratedModule {
  const data = declarations.filter((declaration) => !isSignature(declaration));
  const typeTexts = data.map((declaration) => typeDeclaration(owner, declaration));
  if (isWhole && owner.functions.length > 0) typeTexts.push(functionsText(owner));
  const values = data
    .filter((declaration) => declarationWithoutJson({ owner, declaration }) === undefined)
    .map((declaration) => typeValue(owner, declaration));
  const notes: string[] = [];
  if (isWhole && owner.functions.length > 0) values.push(nameValue(owner));
  if (isWhole) addApis(owner, values, notes);
  const head = `// Types and messages of ${owner.id}. Generated; changes are lost.\n`;
  const print = (extension: string, parts: readonly string[]): string =>
    `${[`${head}${importTexts(owner, extension, parts.join("\n"))}`, ...parts].join("\n\n")}\n`;
  return {
    name: moduleName(owner),
    ts: print("ts", [...typeTexts, ...values.map(constText), ...notes]),
    dts: print("js", [...typeTexts, ...values.map(declareText), ...notes]),
    js: print("js", values.map(plainText)),
  };
}

/** Imports of what `code` mentions of other modules. */
function importTexts(owner: ResolvedInterface, extension: string, code: string): string {
  const text = code.replace(/\/\*\*.*?\*\/|\/\/[^\n]*/gs, "");
  const lines = text.includes("$.") ? [`import * as $ from "${RUNTIME}";`] : [];
  const used = new Map<string, string[]>();
  for (const [local, { owner: from, declaration }] of owner.names) {
    if (from === owner) continue;
    const path = `./${moduleName(from)}.${extension}`;
    const names = used.get(path) ?? [];
    used.set(path, names);
    const type = typeName(local);
    const value = valueName(local);
    if (new RegExp(`(?<![\\w$."])${type}(?![\\w$"])`).test(text)) {
      names.push(`type ${renamed(typeName(declaration.name), type)}`);
    }
    if (new RegExp(`(?<![\\w$."])${value}(?![\\w$":?])`).test(text)) {
      names.push(renamed(valueName(declaration.name), value));
    }
  }
  for (const [path, names] of used) {
    if (names.length > 0) lines.push(`import { ${names.join(", ")} } from "${path}";`);
  }
  return lines.join("\n");
}

const renamed = (name: string, local: string): string =>
  name === local ? name : `${name} as ${local}`;

function docsText(docs: string, indent = ""): string {
  if (docs === "") return "";
  const lines = docs.replaceAll("*/", "* /").split("\n");
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}

const constText = ({ docs, name, type, expression }: Value): string =>
  `${docsText(docs)}export const ${name}: ${type} = ${expression};`;
const declareText = ({ docs, name, type }: Value): string =>
  `${docsText(docs)}export declare const ${name}: ${type};`;
const plainText = ({ name, expression }: Value): string => `export const ${name} = ${expression};`;

function typeDeclaration(owner: ResolvedInterface, declaration: WitTypeDeclaration): string {
  const name = typeName(declaration.name);
  return `${docsText(declaration.docs)}${shapeText(owner, name, declaration.shape)}`;
}

function shapeText(owner: ResolvedInterface, name: string, shape: WitShape): string {
  switch (shape.kind) {
    case "record": {
      const fields = shape.fields.map((field) => fieldText(owner, field.name, field));
      return `export interface ${name} {\n${fields.join("\n")}\n}`;
    }
    case "variant": {
      const cases = shape.cases.map(({ name: tag, type, docs }) => {
        const val = type === undefined ? "" : `; readonly val: ${typeText(owner, type)}`;
        return `${docsText(docs, "  ")}  | { readonly tag: "${tag}"${val} }`;
      });
      return `export type ${name} =\n${cases.join("\n")};`;
    }
    case "enum":
      return `export type ${name} = ${shape.cases.map((one) => `"${one.name}"`).join(" | ")};`;
    case "flags": {
      const flags = shape.flags.map(
        (flag) =>
          `${docsText(flag.docs, "  ")}  readonly ${propertyKey(camelName(flag.name))}?: boolean;`,
      );
      return `export interface ${name} {\n${flags.join("\n")}\n}`;
    }
    case "alias":
      return `export type ${name} = ${typeText(owner, shape.type)};`;
    case "resource": {
      const methods = shape.methods
        .filter(({ kind }) => kind === "method")
        .map((method) => functionText(owner, method, (type) => type));
      return `export interface ${name} {\n${methods.join("\n")}\n}`;
    }
  }
}

function fieldText(
  owner: ResolvedInterface,
  name: string,
  { type, docs }: { type: WitType; docs: string },
): string {
  const isOptional = followAliases(owner, type).type.kind === "option";
  const key = propertyKey(camelName(name));
  return `${docsText(docs, "  ")}  readonly ${key}${isOptional ? "?" : ""}: ${typeText(owner, type)};`;
}

function functionText(
  owner: ResolvedInterface,
  { name, params, result, docs }: Pick<WitFunction, "name" | "params" | "result" | "docs">,
  returned: (type: string) => string,
): string {
  const list = params.map((param) => `${valueName(param.name)}: ${typeText(owner, param.type)}`);
  return `${docsText(docs, "  ")}  ${propertyKey(camelName(name))}(${list.join(", ")}): ${returned(returnText(owner, result))};`;
}

/** Functions return a result's value and throw its error. */
function returnText(owner: ResolvedInterface, result: WitType | undefined): string {
  if (result === undefined) return "void";
  const { type, scope } = followAliases(owner, result);
  if (type.kind !== "result") return typeText(owner, result);
  if (scope !== owner) return `$.Unwrapped<${typeText(owner, result)}>`;
  return type.ok === undefined ? "void" : typeText(scope, type.ok);
}

/** What a program implements that exports the interface to those it is linked into. */
function functionsText(owner: ResolvedInterface): string {
  const later = (type: string): string => `${type} | Promise<${type}>`;
  const functions = owner.functions.map((one) => functionText(owner, one, later));
  const docs =
    `The functions of \`${owner.id}\`, for \`exportInterface\`.\n` +
    "One with a result returns its value, or throws `new Refusal(error)`.";
  return `${docsText(docs)}export interface ${typeName(owner.name)}Functions {\n${functions.join("\n")}\n}`;
}

/** The name that `exportInterface` takes. */
function nameValue(owner: ResolvedInterface): Value {
  const text = JSON.stringify(owner.id);
  return { docs: "", name: `${camelName(owner.name)}Interface`, type: text, expression: text };
}

function typeValue(owner: ResolvedInterface, { name, shape }: WitTypeDeclaration): Value {
  const type = `$.ApiType<${typeName(name)}>`;
  return { docs: "", name: valueName(name), type, expression: shapeValue(owner, shape) };
}

function shapeValue(owner: ResolvedInterface, shape: WitShape): string {
  switch (shape.kind) {
    case "record":
      return block(
        "$.record",
        shape.fields.map(
          ({ name, type }) => `${propertyKey(camelName(name))}: ${valueText(owner, type)}`,
        ),
      );
    case "variant":
      return block(
        "$.variant",
        shape.cases.map(
          ({ name, type }) => `${propertyKey(name)}: ${type ? valueText(owner, type) : "null"}`,
        ),
      );
    case "enum":
      return `$.enumeration(${shape.cases.map(({ name }) => `"${name}"`).join(", ")})`;
    case "alias":
      return valueText(owner, shape.type);
    case "flags":
    case "resource":
      throw new TypeError(`a ${shape.kind} has no JSON form`);
  }
}

function block(call: string, members: readonly string[]): string {
  return `${call}({\n${members.map((member) => `  ${member},\n`).join("")}})`;
}

function addApis(owner: ResolvedInterface, values: Value[], notes: string[]): void {
  const taken = new Set(values.map(({ name }) => name));
  for (const one of messageApis(owner)) {
    const reason = one.calls.map((call) => callWithoutJson(owner, call)).find((found) => found);
    if (reason !== undefined) {
      const { declaration } = reason;
      notes.push(
        `// The messages of "${one.name}" contain the ${declaration.shape.kind} "${declaration.name}", which have no JSON form.`,
      );
      continue;
    }
    let name = `${camelName(one.name)}Api`;
    if (taken.has(name)) name = `${camelName(owner.name)}${typeName(one.name)}Api`;
    while (taken.has(name)) name += "_";
    taken.add(name);
    values.push(apiValue(owner, one, name));
  }
}

function callWithoutJson(owner: ResolvedInterface, call: MessageCall): NamedType | undefined {
  const { answers } = call;
  const types = call.args.map(({ type }) => type);
  if (answers.kind === "whole") types.push(answers.type);
  if (answers.kind === "case") types.push(...typesIn(answers.response));
  return types.map((type) => withoutJson(owner, type)).find((found) => found !== undefined);
}

function apiValue(owner: ResolvedInterface, one: MessageApi, name: string): Value {
  const types = one.calls.map(
    (call) =>
      `${docsText(call.docs, "  ")}  readonly ${propertyKey(camelName(call.name))}: $.Call<${argsText(owner, call)}, ${answerText(owner, call)}>;`,
  );
  const calls = one.calls.map(
    (call) => `${propertyKey(camelName(call.name))}: ${callText(owner, call)}`,
  );
  return {
    docs: one.docs,
    name,
    type: `$.Api<{\n${types.join("\n")}\n}>`,
    expression: block("$.api", calls),
  };
}

function argsText(owner: ResolvedInterface, { args }: MessageCall): string {
  const list = args.map(({ name, type }, index) => {
    const given = name ?? (type.kind === "name" ? type.name : undefined);
    const label = given === undefined ? (args.length === 1 ? "value" : `arg${index}`) : given;
    return `${camelName(label)}: ${typeText(owner, type)}`;
  });
  // Two arguments of one type would have one label.
  return `[${list.map((text, index) => (list.findIndex((other) => other.split(":")[0] === text.split(":")[0]) === index ? text : `arg${index}${text.slice(text.indexOf(":"))}`)).join(", ")}]`;
}

function answerText(owner: ResolvedInterface, { answers }: MessageCall): string {
  switch (answers.kind) {
    case "none":
      return "void";
    case "whole":
      return returnText(owner, answers.type);
    case "case":
      if (answers.one === undefined) return responseText(answers.response);
      return returnText(owner, answers.one.type);
  }
}

/** A response without the cases that refuse: those are thrown. */
function responseText({ name, shape }: WitTypeDeclaration): string {
  const cases = shape.kind === "variant" ? shape.cases.map((one) => one.name) : [];
  const refusing = cases.filter((tag) => /(?:^|-)(?:err|error)$/.test(tag));
  if (refusing.length === 0) return typeName(name);
  const tags = refusing.map((tag) => `"${tag}"`).join(" | ");
  return `Exclude<${typeName(name)}, { readonly tag: ${tags} }>`;
}

function callText(owner: ResolvedInterface, { name, style, args, answers }: MessageCall): string {
  const types = args.map(({ type }) => valueText(owner, type)).join(", ");
  const rest = style === "many" ? ', "many"' : "";
  return `$.call("${wireCase(name)}", [${types}], ${answersText(owner, answers)}${rest})`;
}

function answersText(owner: ResolvedInterface, answers: MessageCall["answers"]): string {
  switch (answers.kind) {
    case "none":
      return '{ kind: "none" }';
    case "whole":
      return `{ kind: "whole", type: ${valueText(owner, answers.type)} }`;
    case "case": {
      const tag = answers.one === undefined ? "undefined" : `"${answers.one.name}"`;
      return `{ kind: "case", type: ${valueName(answers.response.name)}, tag: ${tag} }`;
    }
  }
}

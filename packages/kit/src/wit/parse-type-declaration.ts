/**
 * Declarations of types in WIT texts.
 * @module
 */
import type {
  WitCase,
  WitField,
  WitLabel,
  WitMethod,
  WitShape,
  WitTypeDeclaration,
} from "./ast.ts";
import type { WitToken } from "./lex-wit.ts";
import { parseType, type WitParser } from "./parse-type.ts";

const STARTS = new Set(["type", "record", "variant", "enum", "flags", "resource"]);

export function startsTypeDeclaration(token: WitToken): boolean {
  return token.kind === "keyword" && STARTS.has(token.text);
}

/** @throws {WitError} */
export function parseTypeDeclaration(parser: WitParser, docs: string): WitTypeDeclaration {
  const start = parser.take();
  const { line, column } = parser.peek();
  const name = parser.name("the name of a type");
  return { kind: "type", name, shape: parseShape(parser, start, name), docs, at: { line, column } };
}

function parseShape(parser: WitParser, start: WitToken, name: string): WitShape {
  switch (start.text) {
    case "type": {
      parser.expect("=");
      const type = parseType(parser);
      parser.expect(";");
      return { kind: "alias", type };
    }
    case "record":
      return { kind: "record", fields: unique(parser, "field", parseField) };
    case "variant":
      return { kind: "variant", cases: some(parser, start, unique(parser, "case", parseCase)) };
    case "enum":
      return { kind: "enum", cases: some(parser, start, unique(parser, "case", parseLabel)) };
    case "flags":
      return { kind: "flags", flags: unique(parser, "flag", parseLabel) };
    default:
      return { kind: "resource", methods: parseMethods(parser, name) };
  }
}

/** Members of a declaration in braces, no two of one name. */
function unique<T extends { readonly name: string }>(
  parser: WitParser,
  what: string,
  item: (parser: WitParser) => T,
): T[] {
  const seen = new Set<string>();
  return parser.list("{", "}", () => {
    const at = parser.peek();
    const member = item(parser);
    if (seen.has(member.name)) {
      throw parser.error(at, `there are two ${what}s "${member.name}"`);
    }
    seen.add(member.name);
    return member;
  });
}

function some<T>(parser: WitParser, start: WitToken, cases: readonly T[]): readonly T[] {
  if (cases.length === 0) throw parser.error(start, `this ${start.text} has no case`);
  return cases;
}

function parseField(parser: WitParser): WitField {
  const { docs } = parser.peek();
  const name = parser.name("the name of a field");
  parser.expect(":");
  return { name, type: parseType(parser), docs };
}

function parseCase(parser: WitParser): WitCase {
  const { docs } = parser.peek();
  const name = parser.name("the name of a case");
  if (!parser.accept("(")) return { name, type: undefined, docs };
  const type = parseType(parser);
  parser.expect(")");
  return { name, type, docs };
}

function parseLabel(parser: WitParser): WitLabel {
  const { docs } = parser.peek();
  return { name: parser.name("a name"), docs };
}

function parseMethods(parser: WitParser, resource: string): WitMethod[] {
  if (parser.accept(";")) return [];
  const methods: WitMethod[] = [];
  parser.expect("{");
  while (!parser.accept("}")) {
    const { docs } = parser.peek();
    parser.gates();
    methods.push(parseMethod(parser, resource, docs));
  }
  return methods;
}

function parseMethod(parser: WitParser, resource: string, docs: string): WitMethod {
  const { line, column } = parser.peek();
  const at = { line, column };
  if (parser.acceptKeyword("constructor")) {
    const params = parser.list("(", ")", () => parseField(parser));
    parser.expect(";");
    return { kind: "constructor", name: resource, params, result: undefined, docs, at };
  }
  const name = parser.name("a method or a constructor");
  parser.expect(":");
  const kind = parser.acceptKeyword("static") ? "static" : "method";
  parser.refuseAsync();
  parser.keyword("func");
  const params = parser.list("(", ")", () => parseField(parser));
  const result = parser.accept("->") ? parseType(parser) : undefined;
  parser.expect(";");
  return { kind, name, params, result, docs, at };
}

/**
 * WIT text → syntax tree. Strict: what it does not know is an error with file, line and column.
 * Source: the WIT grammar of the component model, without asynchronous functions, futures and streams, which no
 * version of the process interface has.
 * Not here: whether the names that are used exist (`resolve-wit.ts`).
 * @module
 */
import type {
  WitDocument,
  WitField,
  WitFunction,
  WitInclude,
  WitInterface,
  WitInterfaceItem,
  WitInterfaceRef,
  WitPackageName,
  WitPosition,
  WitUse,
  WitWorld,
  WitWorldItem,
  WitWorldLink,
} from "./ast.ts";
import { parseTypeDeclaration, startsTypeDeclaration } from "./parse-type-declaration.ts";
import { parseType, WitParser } from "./parse-type.ts";

interface Draft {
  package: WitPackageName | undefined;
  interfaces: WitInterface[];
  worlds: WitWorld[];
  aliases: { from: WitInterfaceRef; as: string }[];
  packages: WitDocument[];
}

/**
 * Reads one WIT file.
 * @param file - name for messages
 * @throws {WitError} the first thing that is not WIT
 */
export function parseWit(text: string, file = "wit"): WitDocument {
  const parser = new WitParser(file, text);
  const draft: Draft = {
    package: undefined,
    interfaces: [],
    worlds: [],
    aliases: [],
    packages: [],
  };
  while (parser.peek().kind !== "end") parseTopItem(parser, draft);
  return { file, ...draft };
}

function parseTopItem(parser: WitParser, draft: Draft): void {
  const { docs } = parser.peek();
  parser.gates();
  const start = parser.peek();
  if (start.kind === "keyword") {
    switch (start.text) {
      case "package":
        return parsePackage(parser, draft);
      case "interface":
        draft.interfaces.push(parseInterface(parser, docs));
        return;
      case "world":
        draft.worlds.push(parseWorld(parser, docs));
        return;
      case "use":
        draft.aliases.push(parseTopUse(parser));
        return;
    }
  }
  throw parser.unexpected("a package, an interface, a world or a use");
}

function parsePackage(parser: WitParser, draft: Draft): void {
  const at = parser.keyword("package");
  const name = parsePackageName(parser);
  if (!parser.accept("{")) {
    parser.expect(";");
    const isFirst =
      draft.package === undefined && draft.interfaces.length === 0 && draft.worlds.length === 0;
    if (!isFirst) throw parser.error(at, "the package of a file is named once, at its start");
    draft.package = name;
    return;
  }
  const inner: Draft = { package: name, interfaces: [], worlds: [], aliases: [], packages: [] };
  while (!parser.accept("}")) {
    if (parser.peek().text === "package") {
      throw parser.error(parser.peek(), "a package cannot be inside another");
    }
    parseTopItem(parser, inner);
  }
  draft.packages.push({ file: parser.file, ...inner });
}

function parsePackageName(parser: WitParser): WitPackageName {
  const namespace = parser.name("the namespace of a package");
  parser.expect(":");
  const name = parser.name("the name of a package");
  return { namespace, name, version: parser.accept("@") ? parser.version() : undefined };
}

function parseTopUse(parser: WitParser): { from: WitInterfaceRef; as: string } {
  parser.keyword("use");
  const from = parseInterfaceRef(parser);
  const as = parser.acceptKeyword("as") ? parser.name("a name") : from.interface;
  parser.expect(";");
  return { from, as };
}

/** `name` or `namespace:package/name@version`. */
function parseInterfaceRef(parser: WitParser): WitInterfaceRef {
  const at = position(parser.peek());
  const first = parser.name("the name of an interface");
  return parser.accept(":")
    ? parseForeignRef(parser, first, at)
    : { package: undefined, interface: first, at };
}

/** The rest of a reference after `namespace:`. */
function parseForeignRef(parser: WitParser, namespace: string, at: WitPosition): WitInterfaceRef {
  const name = parser.name("the name of a package");
  parser.expect("/");
  const target = parser.name("the name of an interface");
  const version = parser.accept("@") ? parser.version() : undefined;
  return { package: { namespace, name, version }, interface: target, at };
}

function position(at: WitPosition): WitPosition {
  return { line: at.line, column: at.column };
}

function parseInterface(parser: WitParser, docs: string): WitInterface {
  parser.keyword("interface");
  const at = position(parser.peek());
  const name = parser.name("the name of an interface");
  return { name, items: parseInterfaceItems(parser), docs, at };
}

function parseInterfaceItems(parser: WitParser): WitInterfaceItem[] {
  parser.expect("{");
  const items: WitInterfaceItem[] = [];
  while (!parser.accept("}")) {
    const { docs } = parser.peek();
    parser.gates();
    const start = parser.peek();
    if (start.kind === "keyword" && start.text === "use") items.push(parseUse(parser));
    else if (startsTypeDeclaration(start)) items.push(parseTypeDeclaration(parser, docs));
    else items.push(parseNamedFunction(parser, docs));
  }
  return items;
}

function parseUse(parser: WitParser): WitUse {
  const at = position(parser.keyword("use"));
  const from = parseInterfaceRef(parser);
  parser.expect(".");
  const names = parser.list("{", "}", () => parseRename(parser, "the name of a type"));
  parser.expect(";");
  if (names.length === 0) throw parser.error(at, "this use names no type");
  return { kind: "use", from, names, at };
}

function parseRename(parser: WitParser, what: string): { name: string; as: string } {
  const name = parser.name(what);
  return { name, as: parser.acceptKeyword("as") ? parser.name("a name") : name };
}

function parseNamedFunction(parser: WitParser, docs: string): WitFunction {
  const at = position(parser.peek());
  const name = parser.name("a type, a function or a use");
  parser.expect(":");
  const found = parseFunctionType(parser, name, docs, at);
  parser.expect(";");
  return found;
}

function parseFunctionType(
  parser: WitParser,
  name: string,
  docs: string,
  at: WitPosition,
): WitFunction {
  parser.refuseAsync();
  parser.keyword("func");
  return { kind: "function", name, ...parseSignature(parser), docs, at };
}

function parseSignature(parser: WitParser): Pick<WitFunction, "params" | "result"> {
  const params = parser.list("(", ")", () => parseParam(parser));
  return { params, result: parser.accept("->") ? parseType(parser) : undefined };
}

function parseParam(parser: WitParser): WitField {
  const { docs } = parser.peek();
  const name = parser.name("the name of a parameter");
  parser.expect(":");
  return { name, type: parseType(parser), docs };
}

function parseWorld(parser: WitParser, docs: string): WitWorld {
  parser.keyword("world");
  const at = position(parser.peek());
  const name = parser.name("the name of a world");
  parser.expect("{");
  const items: WitWorldItem[] = [];
  while (!parser.accept("}")) {
    const { docs: itemDocs } = parser.peek();
    parser.gates();
    items.push(parseWorldItem(parser, itemDocs));
  }
  return { name, items, docs, at };
}

function parseWorldItem(parser: WitParser, docs: string): WitWorldItem {
  const start = parser.peek();
  if (startsTypeDeclaration(start)) return parseTypeDeclaration(parser, docs);
  if (start.kind === "keyword") {
    switch (start.text) {
      case "use":
        return parseUse(parser);
      case "include":
        return parseInclude(parser);
      case "import":
      case "export":
        return parseLink(parser, start.text, docs);
    }
  }
  throw parser.unexpected("an import, an export, an include, a use or a type");
}

function parseInclude(parser: WitParser): WitInclude {
  const at = position(parser.keyword("include"));
  const world = parseInterfaceRef(parser);
  const isRenaming = parser.acceptKeyword("with");
  const renames = isRenaming
    ? parser.list("{", "}", () => {
        const name = parser.name("a name");
        parser.keyword("as");
        return { name, as: parser.name("a name") };
      })
    : [];
  if (!isRenaming) parser.expect(";");
  else parser.accept(";");
  return { kind: "include", world, renames, at };
}

function parseLink(parser: WitParser, kind: "import" | "export", docs: string): WitWorldLink {
  const at = position(parser.keyword(kind));
  const nameAt = position(parser.peek());
  const first = parser.name("an interface or a function");
  if (parser.accept(";")) {
    const ref = { package: undefined, interface: first, at: nameAt };
    return { kind, what: { kind: "interface", ref }, at };
  }
  parser.expect(":");
  const after = parser.peek();
  if (after.kind === "name") {
    const ref = parseForeignRef(parser, first, nameAt);
    parser.expect(";");
    return { kind, what: { kind: "interface", ref }, at };
  }
  if (after.text === "interface") {
    parser.keyword("interface");
    const items = parseInterfaceItems(parser);
    return {
      kind,
      what: { kind: "inline", interface: { name: first, items, docs, at: nameAt } },
      at,
    };
  }
  const what = parseFunctionType(parser, first, docs, nameAt);
  parser.expect(";");
  return { kind, what, at };
}

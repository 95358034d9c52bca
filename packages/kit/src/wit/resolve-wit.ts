/**
 * Syntax trees → packages in which every name leads to what it means.
 * Files without a package of their own belong to the process interface's package, as the existing kit has it
 * (spec/packages-and-tools.md §6, §23): they lie beside its text and name `standard` without a package.
 * @module
 */
import type {
  WitDocument,
  WitFunction,
  WitInterface,
  WitInterfaceRef,
  WitPackageName,
  WitPosition,
  WitType,
  WitTypeDeclaration,
  WitUse,
  WitWorld,
} from "./ast.ts";
import { WitError } from "./errors.ts";

/** A declared type and the interface that declares it. */
export interface NamedType {
  readonly owner: ResolvedInterface;
  readonly declaration: WitTypeDeclaration;
}

export interface ResolvedInterface {
  /** Full name as in a component: `kinode:process/standard@1.0.0`. */
  readonly id: string;
  readonly package: WitPackageName;
  readonly name: string;
  readonly docs: string;
  /** Where it is written. */
  readonly file: string;
  /** Its own types, in the order of the text. */
  readonly types: readonly WitTypeDeclaration[];
  readonly functions: readonly WitFunction[];
  /** Every name its types and functions may use, also those brought in by `use`. */
  readonly names: ReadonlyMap<string, NamedType>;
}

/** One import or export of a world. */
export type ResolvedLink =
  | { readonly kind: "interface"; readonly interface: ResolvedInterface }
  | { readonly kind: "function"; readonly function: WitFunction };

export interface ResolvedWorld {
  readonly id: string;
  readonly name: string;
  readonly package: WitPackageName;
  readonly file: string;
  readonly docs: string;
  /** By name as in a component. */
  readonly imports: ReadonlyMap<string, ResolvedLink>;
  readonly exports: ReadonlyMap<string, ResolvedLink>;
}

export interface ResolvedWit {
  readonly interfaces: ReadonlyMap<string, ResolvedInterface>;
  readonly worlds: ReadonlyMap<string, ResolvedWorld>;
}

/** `kinode:process/standard@1.0.0`, and without `name` the package alone. */
export function witId(of: WitPackageName, name?: string): string {
  const path = name === undefined ? "" : `/${name}`;
  return `${of.namespace}:${of.name}${path}${of.version === undefined ? "" : `@${of.version}`}`;
}

interface Source<T> {
  readonly document: WitDocument;
  readonly package: WitPackageName;
  readonly node: T;
}

/**
 * Resolves everything in `documents`, which are one another's only sources.
 * @param options - `worlds: false` leaves them alone, for who only wants types
 * @throws {WitError}
 */
export function resolveWit(
  documents: readonly WitDocument[],
  options: { readonly defaultPackage: WitPackageName; readonly worlds?: boolean },
): ResolvedWit {
  return new Resolver(documents, options.defaultPackage).run(options.worlds !== false);
}

/** The named type that `type` leads to through aliases, or the type itself if it is not a name. */
export function followAliases(
  scope: ResolvedInterface,
  type: WitType,
): { readonly type: WitType; readonly scope: ResolvedInterface; readonly named?: NamedType } {
  let here = scope;
  let now = type;
  for (;;) {
    if (now.kind !== "name") return { type: now, scope: here };
    const named = here.names.get(now.name)!;
    if (named.declaration.shape.kind !== "alias") return { type: now, scope: here, named };
    here = named.owner;
    now = named.declaration.shape.type;
  }
}

class Resolver {
  readonly #defaultPackage: WitPackageName;
  readonly #interfaceSources = new Map<string, Source<WitInterface>>();
  readonly #worldSources = new Map<string, Source<WitWorld>>();
  readonly #aliases = new Map<WitDocument, Map<string, WitInterfaceRef>>();
  readonly #interfaces = new Map<string, ResolvedInterface>();
  readonly #worlds = new Map<string, ResolvedWorld>();
  readonly #open = new Set<string>();
  readonly #depths: Depths = new Map();

  constructor(documents: readonly WitDocument[], defaultPackage: WitPackageName) {
    this.#defaultPackage = defaultPackage;
    for (const document of documents) this.#collect(document);
  }

  run(withWorlds: boolean): ResolvedWit {
    for (const source of this.#interfaceSources.values()) this.#interface(source);
    if (withWorlds) for (const source of this.#worldSources.values()) this.#world(source);
    return { interfaces: this.#interfaces, worlds: this.#worlds };
  }

  #collect(document: WitDocument): void {
    const owner = document.package ?? this.#defaultPackage;
    const add = <T extends { name: string; at: WitPosition }>(
      node: T,
      into: Map<string, Source<T>>,
    ) => {
      const id = witId(owner, node.name);
      const other = this.#interfaceSources.get(id) ?? this.#worldSources.get(id);
      if (other !== undefined) {
        const { line } = other.node.at;
        const where = `${other.document.file}:${line}`;
        throw new WitError(
          document.file,
          node.at,
          `"${node.name}" is already declared at ${where}`,
        );
      }
      into.set(id, { document, package: owner, node });
    };
    for (const node of document.interfaces) add(node, this.#interfaceSources);
    for (const node of document.worlds) add(node, this.#worldSources);
    this.#aliases.set(document, new Map(document.aliases.map(({ as, from }) => [as, from])));
    for (const inner of document.packages) this.#collect(inner);
  }

  /** Runs `build` unless `id` is being built further up. */
  #guard<T>(id: string, source: Source<{ at: WitPosition }>, build: () => T): T {
    if (this.#open.has(id)) {
      throw new WitError(source.document.file, source.node.at, `"${id}" depends on itself`);
    }
    this.#open.add(id);
    const built = build();
    this.#open.delete(id);
    return built;
  }

  #find<T>(
    ref: WitInterfaceRef,
    from: Source<unknown>,
    among: ReadonlyMap<string, Source<T>>,
    what: string,
  ): Source<T> {
    const alias = ref.package === undefined && this.#aliases.get(from.document)?.get(ref.interface);
    const target = alias || ref;
    const owner = target.package ?? from.package;
    const exact = among.get(witId(owner, target.interface));
    if (exact !== undefined) return exact;
    // A reference without version means the only version there is.
    const anyVersion = [...among.values()].filter(
      (other) =>
        owner.version === undefined &&
        other.package.namespace === owner.namespace &&
        other.package.name === owner.name &&
        (other.node as { name: string }).name === target.interface,
    );
    if (anyVersion.length === 1) return anyVersion[0]!;
    const id = witId(owner, target.interface);
    throw new WitError(
      from.document.file,
      ref.at,
      `there is no ${what} "${id}"`,
      "Look at the spelling. If another package has it: kinode build --local-dependency <folder of that package>",
    );
  }

  #interface(source: Source<WitInterface>): ResolvedInterface {
    const id = witId(source.package, source.node.name);
    const known = this.#interfaces.get(id);
    if (known !== undefined) return known;
    const built = this.#guard(id, source, () => this.#buildInterface(id, source));
    this.#interfaces.set(id, built);
    return built;
  }

  #buildInterface(id: string, source: Source<WitInterface>): ResolvedInterface {
    const { file } = source.document;
    const names = new Map<string, NamedType>();
    const types: WitTypeDeclaration[] = [];
    const functions: WitFunction[] = [];
    const built: ResolvedInterface = {
      ...{ id, package: source.package, name: source.node.name, docs: source.node.docs, file },
      ...{ types, functions, names },
    };
    const taken = new Set<string>();
    const take = (name: string, at: WitPosition) => {
      if (taken.has(name)) throw new WitError(file, at, `"${name}" is declared twice`);
      taken.add(name);
    };
    for (const item of source.node.items) {
      if (item.kind === "use") {
        for (const [name, named] of this.#use(item, source)) {
          take(name, item.at);
          names.set(name, named);
        }
        continue;
      }
      take(item.name, item.at);
      if (item.kind === "function") functions.push(item);
      else {
        types.push(item);
        names.set(item.name, { owner: built, declaration: item });
      }
    }
    checkNames(built, this.#depths);
    return built;
  }

  #use(item: WitUse, source: Source<unknown>): [string, NamedType][] {
    const from = this.#interface(
      this.#find(item.from, source, this.#interfaceSources, "interface"),
    );
    return item.names.map(({ name, as }) => {
      const named = from.names.get(name);
      if (named === undefined) {
        throw new WitError(
          source.document.file,
          item.at,
          `the interface "${from.id}" has no type "${name}"`,
        );
      }
      return [as, named];
    });
  }

  #world(source: Source<WitWorld>): ResolvedWorld {
    const id = witId(source.package, source.node.name);
    const known = this.#worlds.get(id);
    if (known !== undefined) return known;
    const built = this.#guard(id, source, () => this.#buildWorld(id, source));
    this.#worlds.set(id, built);
    return built;
  }

  #buildWorld(id: string, source: Source<WitWorld>): ResolvedWorld {
    const imports = new Map<string, ResolvedLink>();
    const exports = new Map<string, ResolvedLink>();
    const { node, document } = source;
    const { name, docs } = node;
    // Types of the world itself serve its own functions: an interface without a name holds them.
    const own = this.#buildInterface(id, {
      ...source,
      node: {
        ...{ name, docs, at: node.at },
        items: node.items.flatMap((item) =>
          item.kind === "use" || item.kind === "type" ? [item] : [],
        ),
      },
    });
    for (const item of node.items) {
      if (item.kind === "include") {
        const other = this.#world(this.#find(item.world, source, this.#worldSources, "world"));
        const renamed = new Map(item.renames.map((rename) => [rename.name, rename.as]));
        for (const [key, link] of other.imports) imports.set(renamed.get(key) ?? key, link);
        for (const [key, link] of other.exports) exports.set(renamed.get(key) ?? key, link);
      } else if (item.kind === "import" || item.kind === "export") {
        const into = item.kind === "import" ? imports : exports;
        const { what } = item;
        if (what.kind === "function") {
          checkFunction(own, what);
          into.set(what.name, { kind: "function", function: what });
        } else if (what.kind === "interface") {
          const found = this.#interface(
            this.#find(what.ref, source, this.#interfaceSources, "interface"),
          );
          into.set(found.id, { kind: "interface", interface: found });
        } else {
          const inline = this.#buildInterface(what.interface.name, {
            ...source,
            node: what.interface,
          });
          into.set(what.interface.name, { kind: "interface", interface: inline });
        }
      }
    }
    return { id, name, package: source.package, file: document.file, docs, imports, exports };
  }
}

/** Types inside of types: deeper than any program needs, and small enough for every stack. */
const MAX_DEPTH = 100;

/** Depth of each declaration that has been checked. */
type Depths = Map<WitTypeDeclaration, number>;

/** Every type that is named exists, and no type contains itself. */
function checkNames(scope: ResolvedInterface, depths: Depths): void {
  for (const declaration of scope.types) checkDeclaration(scope, declaration, depths, new Set());
  for (const one of scope.functions) checkFunction(scope, one);
}

function checkFunction(
  scope: ResolvedInterface,
  one: Pick<WitFunction, "params" | "result" | "at" | "name">,
): void {
  const seen = new Set<string>();
  for (const { name, type } of one.params) {
    if (seen.has(name)) {
      throw new WitError(scope.file, one.at, `"${one.name}" has two parameters "${name}"`);
    }
    seen.add(name);
    eachName(type, (use) => lookUp(scope, use));
  }
  if (one.result !== undefined) eachName(one.result, (use) => lookUp(scope, use));
}

function lookUp(scope: ResolvedInterface, use: { name: string; at: WitPosition }): NamedType {
  const named = scope.names.get(use.name);
  if (named !== undefined) return named;
  throw new WitError(
    scope.file,
    use.at,
    `there is no type "${use.name}" in "${scope.name}"`,
    "Declare it there, or bring it in with a use",
  );
}

/** @returns how deep it is: 1 for a type without named ones in it */
function checkDeclaration(
  scope: ResolvedInterface,
  declaration: WitTypeDeclaration,
  depths: Depths,
  parents: Set<WitTypeDeclaration>,
): number {
  const fail = (reason: string): WitError => new WitError(scope.file, declaration.at, reason);
  if (parents.has(declaration)) throw fail(`the type "${declaration.name}" contains itself`);
  const known = depths.get(declaration);
  if (known !== undefined) return known;
  parents.add(declaration);
  let depth = 1;
  const isResource = declaration.shape.kind === "resource";
  for (const type of typesIn(declaration)) {
    eachName(type, (use) => {
      const named = lookUp(scope, use);
      // Handles break the circle: a method may return its own resource.
      if (isResource) return;
      if (parents.size > MAX_DEPTH) throw fail(`types are nested more than ${MAX_DEPTH} deep`);
      const { owner } = named;
      depth = Math.max(depth, 1 + checkDeclaration(owner, named.declaration, depths, parents));
    });
  }
  if (depth > MAX_DEPTH) throw fail(`types are nested more than ${MAX_DEPTH} deep`);
  parents.delete(declaration);
  depths.set(declaration, depth);
  if (declaration.shape.kind === "resource") {
    for (const method of declaration.shape.methods) checkFunction(scope, method);
  }
  return depth;
}

/** The types a declaration mentions directly. */
export function typesIn(declaration: WitTypeDeclaration): readonly WitType[] {
  const { shape } = declaration;
  switch (shape.kind) {
    case "record":
      return shape.fields.map(({ type }) => type);
    case "variant":
      return shape.cases.flatMap(({ type }) => (type === undefined ? [] : [type]));
    case "alias":
      return [shape.type];
    case "resource":
      return shape.methods.flatMap(({ params, result }) => [
        ...params.map(({ type }) => type),
        ...(result === undefined ? [] : [result]),
      ]);
    case "enum":
    case "flags":
      return [];
  }
}

/** Calls `visit` for every name in a use of a type. */
export function eachName(
  type: WitType,
  visit: (use: { name: string; at: WitPosition }) => void,
): void {
  switch (type.kind) {
    case "name":
      return visit(type);
    case "borrow":
      return visit({ name: type.resource, at: type.at });
    case "list":
    case "option":
      return eachName(type.element, visit);
    case "tuple":
      for (const element of type.elements) eachName(element, visit);
      return;
    case "result":
      if (type.ok !== undefined) eachName(type.ok, visit);
      if (type.err !== undefined) eachName(type.err, visit);
      return;
    default:
      return;
  }
}

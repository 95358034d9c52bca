/**
 * A resolved interface → a JSON Schema of the bodies it describes, for tools that are not written against WIT.
 * @module
 */
import type { WitShape, WitType } from "./ast.ts";
import { isSignature } from "./message-calls.ts";
import { followAliases, type NamedType, type ResolvedInterface, typesIn } from "./resolve-wit.ts";
import { typeName } from "./typescript-names.ts";
import { wireCase, wireKey } from "./wire-names.ts";
import { declarationWithoutJson, eachNamed } from "./typescript-types.ts";

type Schema = Readonly<Record<string, unknown>>;

const INTEGERS: Readonly<Record<string, readonly [number, number] | undefined>> = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u32: [0, 0xffff_ffff],
  s8: [-0x80, 0x7f],
  s16: [-0x8000, 0x7fff],
  s32: [-0x8000_0000, 0x7fff_ffff],
};

/** One definition per type of the interface, and of those it uses; names as in the generated TypeScript. */
export function generateSchema(owner: ResolvedInterface): string {
  const needed = new Map<string, NamedType>();
  const need = (named: NamedType): void => {
    const name = definitionName(owner, named);
    if (needed.has(name) || declarationWithoutJson(named) !== undefined) return;
    needed.set(name, named);
    for (const type of typesIn(named.declaration)) eachNamed(named.owner, type, need);
  };
  for (const declaration of owner.types)
    if (!isSignature(declaration)) need({ owner, declaration });
  const writer = new SchemaWriter(owner);
  const $defs = Object.fromEntries(
    [...needed].map(([name, named]) => [name, writer.declaration(named)]),
  );
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: owner.id,
    $defs,
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** Types of other interfaces carry the interface's name: two may have one name. */
function definitionName(home: ResolvedInterface, { owner, declaration }: NamedType): string {
  const name = typeName(declaration.name);
  return owner === home ? name : `${typeName(owner.name)}.${name}`;
}

class SchemaWriter {
  readonly #home: ResolvedInterface;

  constructor(home: ResolvedInterface) {
    this.#home = home;
  }

  declaration({ owner, declaration }: NamedType): Schema {
    const { docs } = declaration;
    const schema = this.#shape(owner, declaration.shape);
    return docs === "" ? schema : { description: docs, ...schema };
  }

  #shape(scope: ResolvedInterface, shape: WitShape): Schema {
    switch (shape.kind) {
      case "record": {
        const fields = shape.fields.map(
          ({ name, type }) => [wireKey(name), this.#use(scope, type)] as const,
        );
        const required = shape.fields
          .filter(({ type }) => followAliases(scope, type).type.kind !== "option")
          .map(({ name }) => wireKey(name));
        return { type: "object", properties: Object.fromEntries(fields), required };
      }
      case "variant":
        return {
          oneOf: shape.cases.map(({ name, type }) =>
            type === undefined
              ? { const: wireCase(name) }
              : one(wireCase(name), this.#use(scope, type)),
          ),
        };
      case "enum":
        return { enum: shape.cases.map(({ name }) => wireCase(name)) };
      case "alias":
        return this.#use(scope, shape.type);
      case "flags":
      case "resource":
        return { not: {} };
    }
  }

  #use(scope: ResolvedInterface, type: WitType): Schema {
    switch (type.kind) {
      case "name":
        return { $ref: `#/$defs/${definitionName(this.#home, scope.names.get(type.name)!)}` };
      case "borrow":
        return { not: {} };
      case "list":
        return { type: "array", items: this.#use(scope, type.element) };
      case "option":
        return { anyOf: [this.#use(scope, type.element), { type: "null" }] };
      case "tuple": {
        const { length } = type.elements;
        const prefixItems = type.elements.map((element) => this.#use(scope, element));
        return { type: "array", prefixItems, minItems: length, maxItems: length };
      }
      case "result": {
        const side = (of: WitType | undefined): Schema =>
          of === undefined ? { type: "null" } : this.#use(scope, of);
        return { oneOf: [one("Ok", side(type.ok)), one("Err", side(type.err))] };
      }
      default:
        return scalar(type.kind);
    }
  }
}

function scalar(kind: string): Schema {
  const range = INTEGERS[kind];
  if (range !== undefined) return { type: "integer", minimum: range[0], maximum: range[1] };
  switch (kind) {
    case "u64":
      return { type: "integer", minimum: 0 };
    case "s64":
      return { type: "integer" };
    case "f32":
    case "f64":
      return { type: "number" };
    case "bool":
      return { type: "boolean" };
    case "char":
      return { type: "string", minLength: 1, maxLength: 1 };
    default:
      return { type: "string" };
  }
}

const one = (name: string, schema: Schema): Schema => ({
  type: "object",
  properties: { [name]: schema },
  required: [name],
  additionalProperties: false,
});

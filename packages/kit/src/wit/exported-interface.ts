/**
 * Interfaces that a script exports to the components it is linked with, as the packer of scripts takes them.
 * @module
 */
import type { ExportedFunction, ExportedInterface, ExportedType } from "@kinode-ts/engine";
import type { WitFunction, WitPosition, WitType } from "./ast.ts";
import { WitError } from "./errors.ts";
import type { NamedType, ResolvedInterface } from "./resolve-wit.ts";

/** @throws {WitError} a function uses a resource, which scripts cannot export */
export function exportedInterface(owner: ResolvedInterface): ExportedInterface {
  const writer = new ExportWriter(owner);
  return { name: owner.id, functions: owner.functions.map((one) => writer.function(one)) };
}

class ExportWriter {
  readonly #home: ResolvedInterface;
  /** Declaration → the name it has in the interface, its own or by `use`. */
  readonly #names: ReadonlyMap<NamedType["declaration"], string>;

  constructor(home: ResolvedInterface) {
    this.#home = home;
    this.#names = new Map([...home.names].map(([name, { declaration }]) => [declaration, name]));
  }

  function({ name, params, result }: WitFunction): ExportedFunction {
    const home = this.#home;
    return {
      name,
      params: params.map((param) => ({ name: param.name, type: this.#type(home, param.type) })),
      result: result && this.#type(home, result),
    };
  }

  #type(scope: ResolvedInterface, type: WitType): ExportedType {
    const inner = (of: WitType): ExportedType => this.#type(scope, of);
    switch (type.kind) {
      case "name":
        return this.#named(scope.names.get(type.name)!);
      case "borrow":
        throw this.#noResource(type.resource, type.at);
      case "list":
      case "option":
        return { kind: type.kind, element: inner(type.element) };
      case "tuple":
        return { kind: "tuple", elements: type.elements.map(inner) };
      case "result":
        return { kind: "result", ok: type.ok && inner(type.ok), err: type.err && inner(type.err) };
      default:
        return { kind: type.kind };
    }
  }

  #named({ owner, declaration }: NamedType): ExportedType {
    const { shape } = declaration;
    const known = this.#names.get(declaration);
    // A type that only a used type mentions: its name must not be one of the interface's own.
    const name = known ?? `${owner.name}-${declaration.name}`;
    const inner = (of: WitType): ExportedType => this.#type(owner, of);
    switch (shape.kind) {
      case "record": {
        const fields = shape.fields.map((field) => ({ name: field.name, type: inner(field.type) }));
        return { kind: "record", name, fields };
      }
      case "variant": {
        const cases = shape.cases.map((one) => ({
          name: one.name,
          type: one.type && inner(one.type),
        }));
        return { kind: "variant", name, cases };
      }
      case "enum":
        return { kind: "enum", name, cases: shape.cases.map((one) => one.name) };
      case "flags":
        return { kind: "flags", name, flags: shape.flags.map((one) => one.name) };
      case "alias":
        return known === undefined
          ? inner(shape.type)
          : { kind: "alias", name, type: inner(shape.type) };
      case "resource":
        throw this.#noResource(name, declaration.at);
    }
  }

  #noResource(name: string, at: WitPosition): WitError {
    return new WitError(
      this.#home.file,
      at,
      `a script cannot export functions with the resource "${name}"`,
      "Give things a number instead",
    );
  }
}

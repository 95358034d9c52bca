/**
 * An API that is defined in TypeScript → WIT, so that packages in every language can use it.
 * The values are those of `@kinode-ts/stdlib/api`; only their shapes are read here.
 * @module
 */
import { PackageError } from "../errors.ts";

/** What this needs of an `ApiType`. */
export interface ScriptType {
  readonly shape: ScriptShape;
}

export type ScriptShape =
  | { readonly kind: string }
  | { readonly kind: "list" | "option"; readonly element: ScriptType }
  | { readonly kind: "tuple"; readonly elements: readonly ScriptType[] }
  | {
      readonly kind: "result";
      readonly ok: ScriptType | undefined;
      readonly err: ScriptType | undefined;
    }
  | { readonly kind: "record"; readonly fields: Readonly<Record<string, ScriptType>> }
  | { readonly kind: "variant"; readonly cases: Readonly<Record<string, ScriptType | null>> }
  | { readonly kind: "enum"; readonly cases: readonly string[] };

/** What this needs of what `defineApi` returns. */
export interface ScriptApi {
  readonly methods: Readonly<Record<string, ScriptMethod>>;
}

export interface ScriptMethod {
  readonly args: readonly ScriptType[];
  readonly value: ScriptType | null;
}

const KEBAB = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const KEYWORDS = new Set(
  (
    "use type func u8 u16 u32 u64 s8 s16 s32 s64 f32 f64 char bool string resource own borrow record flags variant " +
    "enum option result future stream list tuple as from static interface world import export package constructor " +
    "include with async"
  ).split(" "),
);

const isObject = (value: unknown): value is object =>
  (typeof value === "object" || typeof value === "function") && value !== null;

export function isScriptApi(value: unknown): value is ScriptApi {
  return isObject(value) && "methods" in value && "calls" in value;
}

function isScriptType(value: unknown): value is ScriptType {
  return isObject(value) && "shape" in value && "parse" in value;
}

/**
 * The interface of one module: its `defineApi` becomes `request` and `response`, its exported types keep their names.
 * @param name - of the interface, kebab-case
 * @param exported - what the module exports
 * @throws {PackageError} `kit.bad-package`: a name has no form in WIT, or there are two APIs
 */
export function generateWit(
  file: string,
  name: string,
  exported: Readonly<Record<string, unknown>>,
): string {
  return new WitWriter(file, name).run(exported);
}

class WitWriter {
  readonly #file: string;
  readonly #interface: string;
  readonly #names = new Map<ScriptType, string>();
  readonly #taken = new Set(["request", "response"]);
  readonly #declarations: string[] = [];
  readonly #declared = new Set<ScriptType>();

  constructor(file: string, name: string) {
    this.#file = file;
    this.#interface = this.#kebab(name);
  }

  run(exported: Readonly<Record<string, unknown>>): string {
    const apis = Object.values(exported).filter(isScriptApi);
    if (apis.length > 1) throw this.#problem("there are two APIs; give each a file of its own");
    for (const [key, value] of Object.entries(exported)) {
      if (!isScriptType(value) || !isDeclared(value)) continue;
      const name = this.#kebab(key);
      if (this.#taken.has(name)) throw this.#problem(`"${key}" is a name of the API itself`);
      this.#taken.add(name);
      this.#names.set(value, name);
    }
    for (const type of this.#names.keys()) this.#declare(type);
    if (apis[0] !== undefined) this.#messages(apis[0]);
    return `interface ${escaped(this.#interface)} {\n${this.#declarations.join("\n\n")}\n}\n`;
  }

  #messages({ methods }: ScriptApi): void {
    const requests: string[] = [];
    const responses: string[] = [];
    for (const [key, { args, value }] of Object.entries(methods)) {
      const name = this.#kebab(key);
      if (name === "err") throw this.#problem('a call cannot be named "err"');
      const types = args.map((type, index) =>
        this.#use(type, args.length === 1 ? `${name}-request` : `${name}-request${index}`),
      );
      const payload = types.length > 1 ? `tuple<${types.join(", ")}>` : types[0];
      requests.push(caseText(name, payload));
      responses.push(
        caseText(name, value === null ? undefined : this.#use(value, `${name}-value`)),
      );
    }
    responses.push(caseText("err", "string"));
    this.#declarations.push(block("variant", "request", requests));
    this.#declarations.push(block("variant", "response", responses));
  }

  /** Text of a use of a type; one that needs a declaration and has no name gets `suggestion`. */
  #use(type: ScriptType, suggestion: string): string {
    const { shape } = type;
    if (isDeclared(type)) {
      if (!this.#names.has(type)) this.#names.set(type, this.#free(suggestion));
      this.#declare(type);
      return escaped(this.#names.get(type)!);
    }
    const inner = (of: ScriptType | undefined): string =>
      of === undefined ? "_" : this.#use(of, suggestion);
    if ("element" in shape) return `${shape.kind}<${inner(shape.element)}>`;
    if ("elements" in shape) {
      const list = shape.elements.map((each, at) => this.#use(each, `${suggestion}${at}`));
      return `tuple<${list.join(", ")}>`;
    }
    if ("ok" in shape) {
      if (shape.ok === undefined && shape.err === undefined) return "result";
      if (shape.err === undefined) return `result<${inner(shape.ok)}>`;
      return `result<${shape.ok === undefined ? "_" : this.#use(shape.ok, `${suggestion}-ok`)}, ${this.#use(shape.err, `${suggestion}-err`)}>`;
    }
    return shape.kind;
  }

  #free(suggestion: string): string {
    let name = suggestion;
    while (this.#taken.has(name)) name += "-type";
    this.#taken.add(name);
    return name;
  }

  #declare(type: ScriptType): void {
    if (this.#declared.has(type)) return;
    this.#declared.add(type);
    const name = this.#names.get(type)!;
    const { shape } = type;
    if ("fields" in shape) {
      const fields = Object.entries(shape.fields).map(([key, field]) => {
        const fieldName = this.#kebab(key);
        return `${escaped(fieldName)}: ${this.#use(field, `${name}-${fieldName}`)}`;
      });
      this.#declarations.push(block("record", name, fields));
    } else if (shape.kind === "variant" && "cases" in shape) {
      const cases = Object.entries(shape.cases as Record<string, ScriptType | null>).map(
        ([key, one]) =>
          caseText(this.#kebab(key), one === null ? undefined : this.#use(one, `${name}-${key}`)),
      );
      this.#declarations.push(block("variant", name, cases));
    } else if ("cases" in shape) {
      const cases = (shape.cases as readonly string[]).map((one) => escaped(this.#kebab(one)));
      this.#declarations.push(block("enum", name, cases));
    }
  }

  #kebab(name: string): string {
    const kebab = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (KEBAB.test(kebab)) return kebab;
    throw this.#problem(`"${name}" has no form in WIT; use letters and digits, in camelCase`);
  }

  #problem(message: string): PackageError {
    const problems = [{ file: this.#file, line: 0, message }];
    return new PackageError({ code: "kit.bad-package", problems }, `${this.#file}: ${message}`);
  }
}

/** Types that WIT can only use by a name. */
function isDeclared({ shape }: ScriptType): boolean {
  return shape.kind === "record" || shape.kind === "variant" || shape.kind === "enum";
}

const escaped = (name: string): string => (KEYWORDS.has(name) ? `%${name}` : name);
const caseText = (name: string, payload: string | undefined): string =>
  payload === undefined ? escaped(name) : `${escaped(name)}(${payload})`;
const block = (kind: string, name: string, members: readonly string[]): string =>
  `  ${kind} ${escaped(name)} {\n${members.map((member) => `    ${member},\n`).join("")}  }`;

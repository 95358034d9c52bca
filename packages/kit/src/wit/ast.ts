/**
 * What a WIT text says, as data: packages, interfaces, worlds, types. Names are kebab-case as written, without `%`.
 * Source: the WIT grammar of the component model; what packages use of it is in spec/packages-and-tools.md §6.
 * Not here: whether names exist (`resolve-wit.ts`).
 * @module
 */

/** Where something stands in the text, for messages; both 1-based. */
export interface WitPosition {
  readonly line: number;
  readonly column: number;
}

/** `namespace:name@version`, e.g. `kinode:process@1.0.0`. */
export interface WitPackageName {
  readonly namespace: string;
  readonly name: string;
  /** Semver text without the `@`. */
  readonly version: string | undefined;
}

/** Types without parts. */
export type WitPrimitive =
  | "bool"
  | "s8"
  | "s16"
  | "s32"
  | "s64"
  | "u8"
  | "u16"
  | "u32"
  | "u64"
  | "f32"
  | "f64"
  | "char"
  | "string";

/** A use of a type. */
export type WitType =
  | { readonly kind: WitPrimitive }
  | { readonly kind: "list"; readonly element: WitType }
  | { readonly kind: "option"; readonly element: WitType }
  | { readonly kind: "result"; readonly ok: WitType | undefined; readonly err: WitType | undefined }
  | { readonly kind: "tuple"; readonly elements: readonly WitType[] }
  /** A named type of the same interface (or brought in by `use`); naming a resource owns it. */
  | { readonly kind: "name"; readonly name: string; readonly at: WitPosition }
  | { readonly kind: "borrow"; readonly resource: string; readonly at: WitPosition };

export interface WitField {
  readonly name: string;
  readonly type: WitType;
  readonly docs: string;
}

export interface WitCase {
  readonly name: string;
  readonly type: WitType | undefined;
  readonly docs: string;
}

export interface WitLabel {
  readonly name: string;
  readonly docs: string;
}

export interface WitFunction {
  readonly kind: "function";
  readonly name: string;
  readonly params: readonly WitField[];
  readonly result: WitType | undefined;
  readonly docs: string;
  readonly at: WitPosition;
}

/** A method, static function or constructor of a resource. */
export interface WitMethod extends Omit<WitFunction, "kind"> {
  readonly kind: "method" | "static" | "constructor";
}

/** What a declaration of a type can say. */
export type WitShape =
  | { readonly kind: "record"; readonly fields: readonly WitField[] }
  | { readonly kind: "variant"; readonly cases: readonly WitCase[] }
  | { readonly kind: "enum"; readonly cases: readonly WitLabel[] }
  | { readonly kind: "flags"; readonly flags: readonly WitLabel[] }
  | { readonly kind: "alias"; readonly type: WitType }
  | { readonly kind: "resource"; readonly methods: readonly WitMethod[] };

export interface WitTypeDeclaration {
  readonly kind: "type";
  readonly name: string;
  readonly shape: WitShape;
  readonly docs: string;
  readonly at: WitPosition;
}

/** `standard` (same package) or `kinode:process/standard@1.0.0`. */
export interface WitInterfaceRef {
  readonly package: WitPackageName | undefined;
  readonly interface: string;
  readonly at: WitPosition;
}

/** `use standard.{address, process-id as id};` */
export interface WitUse {
  readonly kind: "use";
  readonly from: WitInterfaceRef;
  readonly names: readonly { readonly name: string; readonly as: string }[];
  readonly at: WitPosition;
}

export type WitInterfaceItem = WitTypeDeclaration | WitFunction | WitUse;

export interface WitInterface {
  readonly name: string;
  readonly items: readonly WitInterfaceItem[];
  readonly docs: string;
  readonly at: WitPosition;
}

/** `include process-v1;` and `include kinode:process/lib with { a as b };` */
export interface WitInclude {
  readonly kind: "include";
  /** A world: the same form of reference as an interface's. */
  readonly world: WitInterfaceRef;
  readonly renames: readonly { readonly name: string; readonly as: string }[];
  readonly at: WitPosition;
}

/** One `import` or `export` of a world. */
export interface WitWorldLink {
  readonly kind: "import" | "export";
  readonly what:
    | { readonly kind: "interface"; readonly ref: WitInterfaceRef }
    | { readonly kind: "inline"; readonly interface: WitInterface }
    | WitFunction;
  readonly at: WitPosition;
}

export type WitWorldItem = WitWorldLink | WitInclude | WitUse | WitTypeDeclaration;

export interface WitWorld {
  readonly name: string;
  readonly items: readonly WitWorldItem[];
  readonly docs: string;
  readonly at: WitPosition;
}

/** One file, or one nested `package … { }` of a file. */
export interface WitDocument {
  /** Path as in messages. */
  readonly file: string;
  /** API files of existing packages have none: what they declare belongs to the package they lie in. */
  readonly package: WitPackageName | undefined;
  readonly interfaces: readonly WitInterface[];
  readonly worlds: readonly WitWorld[];
  /** `use` at the top level: another name for an interface. */
  readonly aliases: readonly { readonly from: WitInterfaceRef; readonly as: string }[];
  /** Nested packages. */
  readonly packages: readonly WitDocument[];
}

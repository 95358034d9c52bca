/** Functions a packed script exports: which ones there are, and how a call reaches them. */
import type {
  ExportedField,
  ExportedFunction,
  ExportedType,
} from "../../../src/pack/exported-interface.ts";
import { camelCase, ExportCodec, type Memory } from "../export-codec.ts";

declare function engineExport(exports: object): void;
declare const engineNatives: Memory & {
  /** What `kinode.exportInterface` was given, by name. */
  implementations(): Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** What `kinode.describeExports` was given. */
  description(): string;
};

interface Described extends ExportedFunction {
  readonly interface: string;
}

const codec = new ExportCodec(engineNatives);
const functions = JSON.parse(engineNatives.description()) as readonly Described[];

/** Calls function `number` with the arguments in the block. */
function begin(number: number, block: number): unknown {
  const { interface: owner, name, params } = functions[number]!;
  const implementation = engineNatives.implementations()[owner]?.[camelCase(name)];
  if (typeof implementation !== "function") {
    throw new TypeError(
      `"${owner}" is exported, but the script gave exportInterface no function "${camelCase(name)}"`,
    );
  }
  const values = codec.arguments(params as readonly ExportedField[], block);
  return Reflect.apply(implementation, engineNatives.implementations()[owner], values) as unknown;
}

/** What a function of type `result<…>` returned or threw, as a value of that type. */
function outcome(type: ExportedType | undefined, value: unknown, isError: boolean): unknown {
  if (type?.kind !== "result") {
    if (isError) throw value;
    return value;
  }
  if (!isError) return { tag: "ok", val: value };
  const { payload, message } = (value ?? {}) as { payload?: unknown; message?: unknown };
  if (payload !== undefined || type.err === undefined) return { tag: "err", val: payload };
  if (type.err.kind === "string") return { tag: "err", val: String(message ?? value) };
  if (value instanceof Error) throw value;
  return { tag: "err", val: value };
}

/** Writes the result; its address. */
function finish(number: number, value: unknown, isError: boolean): number {
  const { result } = functions[number]!;
  return codec.result(result, outcome(result, value, isError));
}

engineExport({ begin, finish });

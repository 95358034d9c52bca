/**
 * Compiling rewritten core modules, which may be kept between runs of the node.
 * @module
 */
import type { MeteredModuleStore } from "./api.ts";
import { ComponentError } from "./errors.ts";

/** What the engine keeps for code, measured with loops and with small functions; less for what compilers write. */
const KEPT_PER_BYTE = 10;
const KEPT_PER_FUNCTION = 600;

export interface CompiledModule {
  readonly module: WebAssembly.Module;
  /** Upper estimate of the memory that its code takes in the engine. */
  readonly codeBytes: number;
}

/**
 * The compiled module of that key; `make` rewrites it when it is not kept, or what is kept is damaged.
 * @throws {ComponentError} `component.invalid-module`
 */
export async function provideMetered(
  store: MeteredModuleStore | undefined,
  key: string,
  functionCount: number,
  make: () => Promise<Uint8Array>,
): Promise<CompiledModule> {
  const sized = (module: WebAssembly.Module, { length }: Uint8Array): CompiledModule => ({
    module,
    codeBytes: KEPT_PER_BYTE * length + KEPT_PER_FUNCTION * functionCount,
  });
  const kept = await store?.read(key).catch(() => undefined);
  if (kept !== undefined) {
    const module = await compileModule(kept).catch(() => undefined);
    if (module !== undefined) return sized(module, kept);
  }
  const bytes = await make();
  const module = await compileModule(bytes);
  await store?.write(key, bytes).catch(() => undefined);
  return sized(module, bytes);
}

/** Compiles off the thread. @throws {ComponentError} `component.invalid-module` with the engine's reason */
export async function compileModule(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ComponentError(
      { code: "component.invalid-module", what: `its core module is not valid: ${reason}` },
      { cause },
    );
  }
}

/**
 * Compiling rewritten core modules, which may be kept between runs of the node.
 * @module
 */
import type { MeteredModuleStore } from "./api.ts";
import { ComponentError } from "./errors.ts";

/**
 * The compiled module of that key; `make` rewrites it when it is not kept, or what is kept is damaged.
 * @throws {ComponentError} `component.invalid-module`
 */
export async function provideMetered(
  store: MeteredModuleStore | undefined,
  key: string,
  make: () => Promise<Uint8Array>,
): Promise<WebAssembly.Module> {
  const kept = await store?.read(key).catch(() => undefined);
  if (kept !== undefined) {
    const module = await compileModule(kept).catch(() => undefined);
    if (module !== undefined) return module;
  }
  const bytes = await make();
  const module = await compileModule(bytes);
  await store?.write(key, bytes).catch(() => undefined);
  return module;
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

/**
 * WebAssembly as the engine offers it beyond what the type library knows: JavaScript Promise Integration.
 * @module
 */

/** Anything a guest can import as a function. */
export type ImportFunction = (...args: never[]) => unknown;
export type ImportObject = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface PromiseIntegration {
  promising(func: unknown): (...args: number[]) => Promise<unknown>;
  readonly Suspending: new (func: ImportFunction) => object;
  readonly Instance: new (
    module: WebAssembly.Module,
    imports: ImportObject,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

const integration = WebAssembly as unknown as PromiseIntegration;

/** Instantiates a compiled module; its start function runs. Returns the exports. */
export function instantiate(
  module: WebAssembly.Module,
  imports: ImportObject,
): Readonly<Record<string, unknown>> {
  return new integration.Instance(module, imports).exports;
}

/** A guest function whose imports may suspend it. */
export function promising(func: unknown): (...args: number[]) => Promise<unknown> {
  return integration.promising(func);
}

/** An import that suspends its caller until the promise it returns settles; also when that has settled already. */
export function suspending(func: ImportFunction): object {
  return new integration.Suspending(func);
}

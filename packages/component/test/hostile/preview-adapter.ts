/**
 * The public adapter from preview 1 to WASI 0.2 that toolchains put into their components.
 * @module
 */
export function previewAdapter(): Promise<Uint8Array> {
  const manifest = Bun.resolveSync("@bytecodealliance/jco/package.json", import.meta.dir);
  const path = manifest.replace("package.json", "lib/wasi_snapshot_preview1.reactor.wasm");
  return Bun.file(path).bytes();
}

/**
 * The core modules inside a component, as they were put there.
 * Source: Component Model binary format: section 1 holds a core module.
 * @module
 */
const PREAMBLE_BYTES = 8;
const CORE_MODULE = 1;

export function coreModules(component: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const modules: Uint8Array<ArrayBuffer>[] = [];
  let at = PREAMBLE_BYTES;
  while (at < component.length) {
    const id = component[at++]!;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = component[at++]!;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (id === CORE_MODULE) modules.push(component.slice(at, at + size));
    at += size;
  }
  return modules;
}

/**
 * `cat <vfs path>`: shows a file as text.
 * @module
 */
import { defineScript } from "@kinode-ts/stdlib";
import { file, VfsError } from "@kinode-ts/stdlib/vfs";

export default defineScript(async ({ args }) => {
  const path = args.trim();
  if (path === "") return "usage: cat <vfs path>   for example: cat /terminal:sys/pkg/scripts.json";
  try {
    return await file(path).text();
  } catch (thrown) {
    if (thrown instanceof VfsError) return `failed to read file at ${path}: ${thrown.message}`;
    throw thrown;
  }
});

/**
 * C: the folder's `.c` files and our process library become one core module, and that a component.
 * @module
 */
import {
  buildWithClang,
  compilerVersion,
  libraryFiles,
  missingCompiler,
  ownsSources,
} from "./clang-bun.ts";
import type { Language } from "./contract.ts";

export const c: Language = {
  id: "c",
  label: "C",
  owns: (sourceFolder) => ownsSources(sourceFolder, "c"),
  missingTools: (tools) => missingCompiler(tools, "c"),
  toolchainVersion: (tools) => compilerVersion(tools, "c"),
  extraInputs: () => libraryFiles("c"),
  build: (request) => buildWithClang(request, "c"),
};

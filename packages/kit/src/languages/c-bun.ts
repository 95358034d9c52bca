/**
 * C: the folder's `.c` files and our process library become one core module, and that a component.
 * @module
 */
import {
  buildWithClang,
  compilerVersion,
  inputFiles,
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
  extraInputs: (request) => inputFiles(request, "c"),
  build: (request) => buildWithClang(request, "c"),
};

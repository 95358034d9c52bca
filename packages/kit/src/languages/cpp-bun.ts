/**
 * C++: the folder's `.cpp` (and `.c`) files with our process library for C and its face for C++, without exceptions.
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

export const cpp: Language = {
  id: "cpp",
  label: "C++",
  owns: (sourceFolder) => ownsSources(sourceFolder, "cpp"),
  missingTools: (tools) => missingCompiler(tools, "cpp"),
  toolchainVersion: (tools) => compilerVersion(tools, "cpp"),
  extraInputs: (request) => inputFiles(request, "cpp"),
  build: (request) => buildWithClang(request, "cpp"),
};

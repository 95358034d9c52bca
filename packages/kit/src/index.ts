/**
 * Build, pack and check Kinode packages.
 * @module
 */
export { composeComponents, linkedInterfaces } from "./compose/compose-components.ts";
export { type ComposeFault, ComposeError } from "./compose/errors.ts";
export { askForProject, type KnownProject } from "./ask-project-bun.ts";
export type { BuildOptions } from "./build-options.ts";
export { type BuildReport, buildPackage } from "./build-package-bun.ts";
export { type KitFault, PackageError, type Problem, formatProblem } from "./errors.ts";
export type { Language, LanguageId, MissingTool, ToolRunner } from "./languages/contract.ts";
export { LANGUAGES } from "./languages.ts";
export { manifestHash, metadataHash, versionHash } from "./hashes.ts";
export {
  type CapabilityEntry,
  type Manifest,
  type ManifestEntry,
  parseManifest,
} from "./manifest.ts";
export { type Metadata, parseMetadata } from "./metadata.ts";
export {
  createProject,
  listTemplates,
  type NewProject,
  type NewProjectReport,
  type Template,
} from "./new-project-bun.ts";
export { builtPath } from "./package-build-bun.ts";
export { type PackageFolder, openPackageFolder } from "./package-folder-bun.ts";
export {
  assemblePackage,
  type PackedPackage,
  type PackOptions,
  packPackage,
} from "./pack-package-bun.ts";
export { packZip } from "./pack-zip.ts";
export type { ReadOptions } from "./problems.ts";
export { type Package, type ReadPackageOptions, readPackage } from "./read-package.ts";
export { createToolRunner } from "./tool-runner-bun.ts";
export { type Verification, type VerifyOptions, verifyPackage } from "./verify-package-bun.ts";
export { type ScriptEntry, type Scripts, parseScripts } from "./scripts.ts";
export { WitError, type WitFault } from "./wit/errors.ts";
export { type GeneratedModule, generateTypeScript } from "./wit/generate-typescript.ts";
export { parseWit } from "./wit/parse-wit.ts";
export { type ResolvedInterface, type ResolvedWit, resolveWit } from "./wit/resolve-wit.ts";

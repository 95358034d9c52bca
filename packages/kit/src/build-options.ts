/**
 * What a build can be asked for.
 * @module
 */
import type { Language, ToolRunner } from "./languages/contract.ts";

export interface BuildOptions {
  /** Build also what has not changed. */
  readonly force?: boolean | undefined;
  /** Build only these programs, by name or by folder; the interface only if `ui` is among them. */
  readonly include?: readonly string[] | undefined;
  /** Leave these out. */
  readonly exclude?: readonly string[] | undefined;
  /** `none` leaves `ui/` alone, `only` builds nothing else. */
  readonly ui?: "none" | "only" | undefined;
  /** World for components instead of that of the package. */
  readonly world?: string | undefined;
  /** Folders of packages whose API this one uses; they are built first where they have changed. */
  readonly localDependencies?: readonly string[] | undefined;
  /**
   * Folder with the API of an installed package, for those that `metadata.json` names as dependencies and that are not
   * among the folders.
   */
  readonly installedApi?: ((id: string) => string | undefined) | undefined;
  /** Features of Rust crates, for those crates that have them. */
  readonly features?: readonly string[] | undefined;
  /** Paths to add to `api.zip`. */
  readonly addToApi?: readonly string[] | undefined;
  readonly tools?: ToolRunner | undefined;
  /** Languages to build with instead of those of this kit. */
  readonly languages?: readonly Language[] | undefined;
}

/**
 * `metadata.json`: what a package is, for people and for listings.
 * Source: spec/packages-and-tools.md §4.
 * @module
 */
import type { PackageId } from "@kinode-ts/types";
import { FileReader, type ReadOptions } from "./problems.ts";
import { metadataSchema } from "./schema.ts";

export interface Metadata {
  readonly id: PackageId;
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** An address or a data URL. */
  readonly image: string | undefined;
  readonly packageName: string;
  readonly publisher: string;
  readonly version: string;
  readonly mirrors: readonly string[];
  /** Version → SHA-256 of its zip, hex. */
  readonly codeHashes: ReadonlyMap<string, string>;
  /** `undefined`: interface 0.7.0; 0: 0.8.0; 1: 1.0.0. Kept as metadata; the imports decide what runs. */
  readonly witVersion: 0 | 1 | undefined;
  readonly dependencies: readonly string[];
  /** Paths that are added to the API, relative to the package. */
  readonly apiIncludes: readonly string[];
}

/** @throws {PackageError} not JSON, or any problem: metadata has no lax reading */
export function parseMetadata(text: string, options: Pick<ReadOptions, "file"> = {}): Metadata {
  const reader = new FileReader(options.file ?? "metadata.json", text);
  const value = reader.check(metadataSchema, [], reader.source.value);
  reader.finish({ mode: "strict" });
  const { properties, name, description, image } = value!;
  return {
    id: `${properties.package_name}:${properties.publisher}` as PackageId,
    name: name ?? undefined,
    description: description ?? undefined,
    image: image ?? undefined,
    packageName: properties.package_name,
    publisher: properties.publisher,
    version: properties.current_version,
    mirrors: properties.mirrors,
    codeHashes: new Map(Object.entries(properties.code_hashes)),
    witVersion: properties.wit_version ?? undefined,
    dependencies: properties.dependencies ?? [],
    apiIncludes: properties.api_includes ?? [],
  };
}

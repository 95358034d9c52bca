/**
 * Schemas without a dependency: a function, an object with `parse`, or any Standard Schema
 * (valibot, zod, arktype …).
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

interface StandardIssue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
}

/** The part of Standard Schema version 1 that is used here. */
export interface StandardSchema<T> {
  readonly "~standard": {
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly output: T } | undefined;
  };
}

/** Turns unknown data into a `T`, or throws. */
export type Schema<T> = ((value: unknown) => T) | { parse(value: unknown): T } | StandardSchema<T>;

type SchemaFault = { readonly code: "SchemaMismatch"; readonly issues: readonly string[] };

/** Data that does not have the shape the schema asks for. */
export class SchemaError extends KinodeError<SchemaFault> {
  override name = "SchemaError";
  constructor(issues: readonly string[], cause?: unknown) {
    super({ code: "SchemaMismatch", issues }, `The data does not fit: ${issues.join("; ")}`, {
      cause,
    });
  }
}

/** @throws {SchemaError} the data does not fit, or the schema wants to validate asynchronously */
export function applySchema<T>(schema: Schema<T>, value: unknown): T {
  // Standard Schema first: some libraries' schemas are callable as well.
  if ("~standard" in schema) return applyStandard(schema, value);
  try {
    return typeof schema === "function" ? schema(value) : schema.parse(value);
  } catch (thrown) {
    if (thrown instanceof SchemaError) throw thrown;
    throw new SchemaError([thrown instanceof Error ? thrown.message : String(thrown)], thrown);
  }
}

function applyStandard<T>(schema: StandardSchema<T>, value: unknown): T {
  const result = schema["~standard"].validate(value);
  if (typeof result !== "object" || result === null || "then" in result) {
    throw new SchemaError(["asynchronous schemas are not supported here"]);
  }
  if ("issues" in result && Array.isArray(result.issues)) {
    throw new SchemaError(result.issues.map(issueText));
  }
  return (result as { value: T }).value;
}

function issueText(issue: StandardIssue): string {
  const path = (issue.path ?? []).map((part) =>
    typeof part === "object" && part !== null && "key" in part ? String(part.key) : String(part),
  );
  return path.length === 0 ? issue.message : `${path.join(".")}: ${issue.message}`;
}

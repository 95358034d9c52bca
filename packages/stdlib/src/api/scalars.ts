/**
 * Types without parts: booleans, integers, floating point numbers, characters and text.
 * @module
 */
import type { U64 } from "@kinode-ts/types";
import type { ApiType, ScalarKind } from "./api-type.ts";
import { mismatch } from "./api-type.ts";
import { f32Text, f64Text } from "./float-text.ts";

/** `true` or `false`. */
export const bool: ApiType<boolean> = {
  shape: { kind: "bool" },
  write: (value) => String(asBoolean(value)),
  parse: asBoolean,
};

function asBoolean(value: unknown): boolean {
  if (typeof value !== "boolean") throw mismatch("true or false", value);
  return value;
}

function integer(kind: ScalarKind, least: number, most: number): ApiType<number> {
  const parse = (value: unknown): number => {
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
      return value;
    }
    throw mismatch(`an integer from ${least} to ${most}`, value);
  };
  // `-0` is written as 0.
  return { shape: { kind }, write: (value) => String(parse(value) + 0), parse };
}

/** A whole number from 0 to 255. */
export const u8: ApiType<number> = integer("u8", 0, 0xff);
export const u16: ApiType<number> = integer("u16", 0, 0xffff);
export const u32: ApiType<number> = integer("u32", 0, 0xffff_ffff);
export const s8: ApiType<number> = integer("s8", -0x80, 0x7f);
export const s16: ApiType<number> = integer("s16", -0x8000, 0x7fff);
export const s32: ApiType<number> = integer("s32", -0x8000_0000, 0x7fff_ffff);

/** A `number` up to 2^53 − 1 either way, a `bigint` beyond: one value has one form. */
export type Integer64 = U64;

function integer64(kind: ScalarKind, least: bigint, most: bigint): ApiType<Integer64> {
  const parse = (value: unknown): Integer64 => {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= least)
      return value + 0;
    if (typeof value !== "bigint" || value < least || value > most) {
      throw mismatch(`an integer from ${least} to ${most}`, value);
    }
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  };
  return { shape: { kind }, write: (value) => String(parse(value)), parse };
}

/** A whole number from 0 to 2^64 − 1: a `bigint` above 2^53 − 1. */
export const u64: ApiType<Integer64> = integer64("u64", 0n, 0xffff_ffff_ffff_ffffn);
export const s64: ApiType<Integer64> = integer64(
  "s64",
  -0x8000_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
);

function float(kind: "f32" | "f64"): ApiType<number> {
  const parse = (value: unknown): number => {
    // Rust writes infinities and not-a-number as null, and reads none of them.
    if (value === null) return Number.NaN;
    if (typeof value === "bigint") return Number(value);
    if (typeof value !== "number") throw mismatch("a number", value);
    return kind === "f32" ? Math.fround(value) : value;
  };
  const text = kind === "f32" ? f32Text : f64Text;
  return { shape: { kind }, write: (value) => text(parse(value)), parse };
}

/** A number; those that single precision cannot hold are rounded. */
export const f32: ApiType<number> = float("f32");
export const f64: ApiType<number> = float("f64");

function asText(value: unknown): string {
  if (typeof value !== "string") throw mismatch("a text", value);
  // Half of a surrogate pair has no form in UTF-8, so Rust could not read it.
  if (!value.isWellFormed()) throw mismatch("a text of whole characters", value);
  return value;
}

/** A text. */
export const string: ApiType<string> = {
  shape: { kind: "string" },
  write: (value) => JSON.stringify(asText(value)),
  parse: asText,
};

function asCharacter(value: unknown): string {
  const text = asText(value);
  if (text.length !== (text.codePointAt(0)! > 0xffff ? 2 : 1)) {
    throw mismatch("one character", value);
  }
  return text;
}

/** One Unicode character. */
export const char: ApiType<string> = {
  shape: { kind: "char" },
  write: (value) => JSON.stringify(asCharacter(value)),
  parse: asCharacter,
};

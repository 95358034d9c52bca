/**
 * Passes over parts of a component that nobody needs to know, and over what is read later.
 * Source: Binary.md of the component model.
 * @module
 */
import type { BinaryReader } from "./binary.ts";
import { badComponent } from "./errors.ts";
import { FORM, MAX_DEPTH, SORT } from "./import-types.ts";

/** `externdesc`: a sort with an index, or the bound of a type. */
export function skipExternDescription(part: BinaryReader): void {
  const sort = part.byte();
  if (sort === 0x00) part.byte();
  if (sort === SORT.type && part.byte() === 0x01) return;
  if (sort === SORT.value && part.byte() === 0x01) {
    skipValue(part);
    return;
  }
  part.u32();
}

/** What makes an inner instance: a component with arguments, or exports put together. */
export function skipInstance(part: BinaryReader): void {
  const form = part.byte();
  if (form === 0x00) part.u32();
  part.vector(() => {
    if (form === 0x00) part.name();
    else part.externName();
    if (part.byte() === 0x00) part.byte();
    part.u32();
  });
}

function skipValue(part: BinaryReader): void {
  // Indices and the codes of types without parts are both one LEB128.
  part.u32();
}

/** Passes over the declarations of a component or instance type. */
export function skipDeclarations(part: BinaryReader, depth: number): void {
  part.vector(() => {
    const form = part.byte();
    if (form === 0x01) skipType(part, depth + 1);
    else if (form === 0x02) skipAlias(part);
    else if (form === 0x03 || form === 0x04) {
      part.externName();
      skipExternDescription(part);
    } else throw badComponent(part.offset, "core types inside of types are not supported");
  });
}

function skipAlias(part: BinaryReader): void {
  if (part.byte() === 0x00) part.byte();
  const target = part.byte();
  part.u32();
  if (target === 0x02) part.u32();
  else part.name();
}

function skipType(part: BinaryReader, depth: number): void {
  if (depth > MAX_DEPTH) throw badComponent(part.offset, "types are nested too deep");
  const maybe = (): void => {
    if (part.byte() === 0x01) skipValue(part);
  };
  const code = part.byte();
  switch (code) {
    case FORM.func:
      part.vector(() => {
        part.name();
        skipValue(part);
      });
      if (part.byte() === 0x00) skipValue(part);
      else part.u32();
      return;
    case FORM.instance:
    case FORM.component:
      return skipDeclarations(part, depth);
    case FORM.resource:
      part.byte();
      if (part.byte() === 0x01) part.u32();
      return;
    case FORM.record:
      part.vector(() => {
        part.name();
        skipValue(part);
      });
      return;
    case FORM.variant:
      part.vector(() => {
        part.name();
        maybe();
        part.byte();
      });
      return;
    case FORM.tuple:
      part.vector(() => skipValue(part));
      return;
    case FORM.flags:
    case FORM.enum:
      part.vector(() => part.name());
      return;
    case FORM.result:
      maybe();
      maybe();
      return;
    case FORM.list:
    case FORM.option:
    case FORM.own:
    case FORM.borrow:
      skipValue(part);
      return;
    case FORM.fixedList:
      skipValue(part);
      part.u32();
      return;
    default:
      if (code >= FORM.string && code <= 0x7f) return;
      throw badComponent(part.offset, `the type 0x${code.toString(16)} is not supported`);
  }
}

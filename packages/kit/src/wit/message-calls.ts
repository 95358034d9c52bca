/**
 * Which messages an interface stands for: pairs of variants named `request` and `response`, and the successor's records
 * named `…-signature-remote` and `…-signature-local`.
 * Source: spec/packages-and-tools.md §6, §12, §27, and the API files of existing packages.
 * @module
 */
import type { WitCase, WitField, WitType, WitTypeDeclaration } from "./ast.ts";
import { eachName, type ResolvedInterface, typesIn } from "./resolve-wit.ts";

export interface MessageArgument {
  readonly name: string | undefined;
  readonly type: WitType;
}

/** One call: a case of the request, or one function of the successor's framework. */
export interface MessageCall {
  /** WIT name: of the case, or of the function. */
  readonly name: string;
  readonly docs: string;
  readonly style: "one" | "many";
  readonly args: readonly MessageArgument[];
  readonly answers: MessageAnswers;
}

export type MessageAnswers =
  | { readonly kind: "none" }
  | { readonly kind: "whole"; readonly type: WitType }
  /** `one`: the case of the response that answers this call; without it any of them may. */
  | {
      readonly kind: "case";
      readonly response: WitTypeDeclaration;
      readonly one: WitCase | undefined;
    };

/** Calls that go to the same process as one API. */
export interface MessageApi {
  /** WIT name of the API: that of the interface, or what stands before `-request`. */
  readonly name: string;
  readonly docs: string;
  readonly calls: readonly MessageCall[];
}

/** The APIs of an interface; none if it only has types or functions. */
export function messageApis(scope: ResolvedInterface): MessageApi[] {
  const inner = new Set<string>();
  for (const declaration of scope.types) {
    // What another message contains is not a message itself.
    for (const type of typesIn(declaration)) eachName(type, ({ name }) => inner.add(name));
  }
  const apis = scope.types
    .filter(({ name, shape }) => {
      const isCases = shape.kind === "variant" || shape.kind === "enum";
      return isCases && /(?:^|-)request$/.test(name) && !inner.has(name);
    })
    .map((request) => apiOf(scope, request));
  const signatures = signatureCalls(scope);
  if (signatures.length > 0) apis.push({ name: scope.name, docs: scope.docs, calls: signatures });
  return apis;
}

function apiOf(scope: ResolvedInterface, request: WitTypeDeclaration): MessageApi {
  const prefix = request.name.slice(0, -"request".length);
  const named = scope.types.find(({ name }) => name === `${prefix}response`);
  const { shape } = request;
  const cases: readonly WitCase[] =
    shape.kind === "variant"
      ? shape.cases
      : shape.kind === "enum"
        ? shape.cases.map(({ name, docs }) => ({ name, docs, type: undefined }))
        : [];
  return {
    name: prefix === "" ? scope.name : prefix.slice(0, -1),
    docs: request.docs || scope.docs,
    calls: cases.map(({ name, type, docs }) => ({
      ...{ name, docs, style: "one" as const, answers: answersOf(named, name) },
      args: argumentsOf(type),
    })),
  };
}

/** A tuple is several arguments: on the wire both are a list. */
function argumentsOf(payload: WitType | undefined): MessageArgument[] {
  if (payload === undefined) return [];
  const types =
    payload.kind === "tuple" && payload.elements.length > 1 ? payload.elements : [payload];
  return types.map((type) => ({ name: undefined, type }));
}

function answersOf(response: WitTypeDeclaration | undefined, call: string): MessageAnswers {
  if (response === undefined) return { kind: "none" };
  const type: WitType = { kind: "name", name: response.name, at: response.at };
  if (response.shape.kind !== "variant") return { kind: "whole", type };
  const names = [call, `${call}-response`];
  const one = response.shape.cases.find(({ name }) => names.includes(name));
  return { kind: "case", response, one };
}

const SIGNATURE = /^(.+)-signature-(remote|local)$/;

function signatureCalls(scope: ResolvedInterface): MessageCall[] {
  const calls = new Map<string, MessageCall>();
  for (const { name, shape, docs } of scope.types) {
    const match = SIGNATURE.exec(name);
    if (match === null || shape.kind !== "record") continue;
    // A function that is open to both is one call: the message is the same.
    calls.set(match[1]!, signatureCall(match[1]!, docs, shape.fields));
  }
  return [...calls.values()];
}

function signatureCall(name: string, docs: string, fields: readonly WitField[]): MessageCall {
  const returning = fields.find((field) => field.name === "returning");
  const args = fields
    .filter((field) => field.name !== "target" && field.name !== "returning")
    .flatMap((field): MessageArgument[] =>
      field.name === "arg-types" && field.type.kind === "tuple"
        ? field.type.elements.map((type) => ({ name: undefined, type }))
        : [{ name: field.name, type: field.type }],
    );
  return {
    ...{ name, docs, style: "many", args },
    answers: returning === undefined ? { kind: "none" } : { kind: "whole", type: returning.type },
  };
}

/** Whether a record is such a signature: not data, but the description of a call. */
export function isSignature(declaration: WitTypeDeclaration): boolean {
  return /-signature-(?:remote|local|http)$/.test(declaration.name);
}

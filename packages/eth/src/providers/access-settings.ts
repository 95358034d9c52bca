/**
 * Which other nodes may use our providers, as it is written in `.eth_access_settings`.
 * Source: spec/network-identity.md §5.2 (1), §5.3.
 * @module
 */
import type { NodeId } from "@kinode-ts/types";

export interface AccessSettings {
  readonly public: boolean;
  readonly allow: ReadonlySet<NodeId>;
  readonly deny: ReadonlySet<NodeId>;
}

/** Nobody may. */
export const CLOSED: AccessSettings = { public: false, allow: new Set(), deny: new Set() };

/** Being denied wins over everything. */
export function mayUse(settings: AccessSettings, node: NodeId): boolean {
  if (settings.deny.has(node)) return false;
  return settings.public || settings.allow.has(node);
}

/** Reads the text of the file; `undefined` for what it is not. */
export function parseAccessSettings(text: string): AccessSettings | undefined {
  try {
    const json = JSON.parse(text) as Record<string, unknown> | null;
    const { public: isPublic, allow, deny } = json ?? {};
    if (typeof isPublic !== "boolean" || !isNames(allow) || !isNames(deny)) return undefined;
    return { public: isPublic, allow: new Set(allow), deny: new Set(deny) };
  } catch {
    return undefined;
  }
}

const isNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

/** The JSON value of settings. */
export function accessSettingsJson(settings: AccessSettings): unknown {
  return {
    public: settings.public,
    allow: [...settings.allow].sort(),
    deny: [...settings.deny].sort(),
  };
}

/** The settings with one name more, or one less, in a list. */
export function withName(
  settings: AccessSettings,
  list: "allow" | "deny",
  name: NodeId,
  isIn: boolean,
): AccessSettings {
  const names = new Set(settings[list]);
  if (isIn) names.add(name);
  else names.delete(name);
  return { ...settings, [list]: names };
}

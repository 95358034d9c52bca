/**
 * Small packages for tests.
 * @module
 */
import { packZip, type Package, readPackage } from "@kinode-ts/kit";

export interface TestProcess {
  readonly name: string;
  readonly program?: string;
  readonly request?: readonly unknown[];
  readonly grant?: readonly unknown[];
  readonly onExit?: unknown;
}

const bytes = (text: string) => new TextEncoder().encode(text);

export function packageZip(
  version: string,
  processes: readonly TestProcess[],
  options: { readonly name?: string; readonly files?: Readonly<Record<string, string>> } = {},
): Uint8Array {
  const manifest = processes.map((each) => ({
    process_name: each.name,
    process_wasm_path: `/${each.name}.js`,
    on_exit: each.onExit ?? "Restart",
    request_networking: false,
    request_capabilities: each.request ?? [],
    grant_capabilities: each.grant ?? [],
    public: false,
  }));
  const metadata = {
    name: "Notes",
    properties: {
      package_name: options.name ?? "notes",
      publisher: "alice.os",
      current_version: version,
      mirrors: [],
      code_hashes: {},
      wit_version: 1,
    },
  };
  const files = new Map([
    ["manifest.json", bytes(JSON.stringify(manifest))],
    ["metadata.json", bytes(JSON.stringify(metadata))],
    ...processes.map(
      (each) => [`${each.name}.js`, bytes(each.program ?? `// ${version}`)] as const,
    ),
    ...Object.entries(options.files ?? {}).map(([name, text]) => [name, bytes(text)] as const),
  ]);
  return packZip(files);
}

export async function makePackage(...args: Parameters<typeof packageZip>): Promise<Package> {
  return await readPackage(packageZip(...args));
}

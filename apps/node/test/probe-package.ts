/**
 * A package whose process is the scripted WebAssembly probe.
 * @module
 */
import { packZip } from "@kinode-ts/kit";
import { guestBytes } from "@kinode-ts/testing/guests";

export const PROBE = "main:probe:test.os";

export function probeZip(
  options: {
    readonly version?: string;
    readonly request?: readonly unknown[];
    readonly grant?: readonly unknown[];
    readonly files?: Readonly<Record<string, string>>;
  } = {},
): Uint8Array {
  const bytes = (value: unknown) =>
    new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  const manifest = [
    {
      process_name: "main",
      process_wasm_path: "/probe.wasm",
      on_exit: "Restart",
      request_networking: false,
      request_capabilities: [
        "vfs:distro:sys",
        "http-server:distro:sys",
        ...(options.request ?? []),
      ],
      grant_capabilities: ["http-server:distro:sys", ...(options.grant ?? [])],
      public: false,
    },
  ];
  const properties = {
    package_name: "probe",
    publisher: "test.os",
    current_version: options.version ?? "1.0.0",
    mirrors: [],
    code_hashes: {},
    wit_version: 1,
  };
  return packZip(
    new Map([
      ["manifest.json", bytes(manifest)],
      ["metadata.json", bytes({ name: "Probe", properties })],
      ["probe.wasm", guestBytes("probe-1.0.0")],
      ...Object.entries(options.files ?? {}).map(([name, text]) => [name, bytes(text)] as const),
    ]),
  );
}

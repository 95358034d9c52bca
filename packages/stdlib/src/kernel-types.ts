/**
 * The kernel's own messages and the package files, as types of their JSON.
 * Source: spec/packages-and-tools.md §3–5, §25.10, spec/kernel.md §4.
 * @module
 */
import type { GuestCapability } from "@kinode-ts/types";
import { KERNEL_PROCESS } from "@kinode-ts/types";
import type { Body } from "./body.ts";
import { json } from "./body.ts";
import type { KernelOnExit } from "./kernel-forms.ts";

export {
  fromKernelBlob,
  fromKernelCapability,
  fromKernelMessage,
  fromKernelOnExit,
  fromKernelRequest,
  fromKernelResponse,
  fromKernelSendError,
  toKernelBlob,
  toKernelMessage,
  toKernelOnExit,
  toKernelRequest,
  toKernelResponse,
  toKernelSendError,
} from "./kernel-forms.ts";
export type {
  FailedRequest,
  KernelBlob,
  KernelCapability,
  KernelMessageForm,
  KernelOnExit,
  KernelRequest,
  KernelResponseForm,
  KernelSendError,
} from "./kernel-forms.ts";

/** Address of the kernel of this node. */
export const KERNEL = `our@${KERNEL_PROCESS}`;

/** A record of the process table. */
export interface PersistedProcess {
  readonly wasm_bytes_handle: string;
  readonly wit_version: number | null;
  readonly on_exit: KernelOnExit;
  readonly capabilities: readonly GuestCapability[];
  readonly public: boolean;
}

/** What a process uses; `null` while it does not run. */
export interface ProcessUsage {
  readonly cpu_ms: number;
  readonly memory_bytes: number;
}

/** All processes by id. */
export type ProcessMap = Readonly<Record<string, PersistedProcess>>;

/** Capabilities given to, or taken from, a process. */
export interface CapabilityChange {
  readonly target: string;
  readonly capabilities: readonly GuestCapability[];
}

/** A process to be registered; its program is the blob of the request. */
export interface InitializeProcess {
  readonly id: string;
  readonly wasm_bytes_handle: string;
  readonly wit_version: number | null;
  readonly on_exit: KernelOnExit;
  readonly initial_capabilities: readonly GuestCapability[];
  readonly public: boolean;
}

/** Bodies of requests to the kernel. Source: spec/kernel.md §4.2. */
export type KernelCommand =
  | "Booted"
  | { readonly InitializeProcess: InitializeProcess }
  | { readonly GrantCapabilities: CapabilityChange }
  | { readonly DropCapabilities: CapabilityChange }
  | { readonly SetOnExit: { readonly target: string; readonly on_exit: KernelOnExit } }
  | { readonly RunProcess: string }
  | { readonly KillProcess: string }
  | "Shutdown"
  | {
      readonly Debug:
        | "ProcessMap"
        | "ProcessUsage"
        | { readonly Process: string }
        | { readonly HasCap: { readonly on: string; readonly cap: GuestCapability } };
    };

/** Bodies of its answers. */
export type KernelResponse =
  | "InitializedProcess"
  | "InitializeProcessError"
  | "StartedProcess"
  | "RunProcessError"
  | { readonly KilledProcess: string }
  | {
      readonly Debug:
        | { readonly ProcessMap: ProcessMap }
        | { readonly ProcessUsage: Readonly<Record<string, ProcessUsage | null>> }
        | { readonly Process: PersistedProcess | null }
        | { readonly HasCap: boolean | null };
    };

/** The body of a command. */
export function kernelCommand(command: KernelCommand): Body {
  return json(command);
}

/** Bodies of requests to `state:distro:sys`. Source: spec/packages-and-tools.md §25.10. */
export type StateAction =
  | { readonly GetState: string }
  | { readonly SetState: string }
  | { readonly DeleteState: string }
  | "Backup";

/** What the state module answers; the value of `GetState` is the blob. */
export type StateResponse =
  "GetState" | "SetState" | "DeleteState" | "Backup" | { readonly Err: StateError };

/** Why the state module refused. */
export type StateError =
  | { readonly RocksDBError: { readonly action: string; readonly error: string } }
  | { readonly StartupError: { readonly action: string } }
  | { readonly BadBytes: { readonly action: string } }
  | { readonly BadRequest: { readonly error: string } }
  | { readonly BadJson: { readonly error: string } }
  | { readonly NotFound: { readonly process_id: string } }
  | { readonly IOError: { readonly error: string } };

/** A process id, meaning messaging, or an id with any params. */
export type ManifestCapability = string | { readonly process: string; readonly params: unknown };

/** One element of `manifest.json`. */
export interface PackageManifestEntry {
  readonly process_name: string;
  readonly process_wasm_path: string;
  readonly on_exit: KernelOnExit;
  readonly request_networking: boolean;
  readonly request_capabilities: readonly ManifestCapability[];
  readonly grant_capabilities: readonly ManifestCapability[];
  readonly public: boolean;
}

/** One value of `scripts.json`. */
export interface DotScriptsEntry {
  readonly root: boolean;
  readonly public: boolean;
  readonly request_networking: boolean;
  readonly request_capabilities?: readonly ManifestCapability[] | null;
  readonly grant_capabilities?: readonly ManifestCapability[] | null;
  readonly wit_version?: number | null;
  /** Ours: the script gives its output in parts when it stands in a pipe (`docs/modules/scripts.md`). */
  readonly parts?: boolean | null;
}

/** The `properties` of `metadata.json`. */
export interface Erc721Properties {
  readonly package_name: string;
  readonly publisher: string;
  readonly current_version: string;
  readonly mirrors: readonly string[];
  readonly code_hashes: Readonly<Record<string, string>>;
  readonly license?: string | null;
  readonly screenshots?: readonly string[] | null;
  readonly wit_version?: number | null;
  readonly dependencies?: readonly string[] | null;
  readonly api_includes?: readonly string[] | null;
}

/** `metadata.json`. */
export interface Erc721Metadata {
  readonly name?: string | null;
  readonly description?: string | null;
  readonly image?: string | null;
  readonly external_url?: string | null;
  readonly animation_url?: string | null;
  readonly properties: Erc721Properties;
}

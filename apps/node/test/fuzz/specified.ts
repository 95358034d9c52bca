/**
 * Which bodies are as documented: read from the tables anew, and by other means than the modules read them. What is not must be
 * refused, whatever else is right about it.
 * Source: spec/runtime-modules.md §1.3, §2.2, §3.1, §3.3, §4.1, §5, §6.1, §7.1, §8.1, §9; docs/modules for what is ours.
 * @module
 */

type Check = (value: unknown) => boolean;

export interface Specified {
  /** Whether a body has the form of a documented request. */
  readonly body: Check;
  /** How everything else is answered; `undefined`: not at all. */
  readonly refusal: RegExp | undefined;
}

/** A number as it is written. */
class NumberToken {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Longer ones are refused for that, each module in its own words. */
const MAX_JUDGED_BYTES = 1024 * 1024;

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** @returns `undefined` for what cannot be judged here */
export function isSpecified({ body }: Specified, bytes: Uint8Array): boolean | undefined {
  if (bytes.length > MAX_JUDGED_BYTES) return undefined;
  try {
    // The third argument of revivers is newer than TypeScript's library.
    const parse = JSON.parse as (text: string, reviver: Reviver) => unknown;
    const json = parse(decoder.decode(bytes), (_key, value, { source }) =>
      typeof value === "number" ? new NumberToken(source ?? "") : value,
    );
    return body(json);
  } catch (thrown) {
    // Deeper than this parser goes: nothing is said about it.
    return thrown instanceof RangeError ? undefined : false;
  }
}

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";

function integer(from: bigint, to: bigint): Check {
  return (value) => {
    if (!(value instanceof NumberToken) || !/^-?[0-9]{1,20}$/.test(value.text)) return false;
    const number = BigInt(value.text);
    return number >= from && number <= to;
  };
}
const isU64 = integer(0n, (1n << 64n) - 1n);
const isI64 = integer(-(1n << 63n), (1n << 63n) - 1n);
const isU32 = integer(0n, (1n << 32n) - 1n);
const isByte = integer(0n, 255n);

const list =
  (item: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(item);
const isBytes = list(isByte);
const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));
/** `null` and a missing key are the same. */
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || value === null || check(value);
const isNull: Check = (value) => value === null;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  const isOther = Array.isArray(value) || value instanceof NumberToken;
  return typeof value === "object" && value !== null && !isOther;
}

/** Unknown keys are ignored. */
const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) &&
    Object.entries(fields).every(([key, check]) =>
      check(Object.hasOwn(value, key) ? value[key] : undefined),
    );

/** One of these, with its content; without any also as text. */
function variant(contents: Readonly<Record<string, Check>>): Check {
  const fits = (name: string, content: unknown): boolean =>
    Object.hasOwn(contents, name) && contents[name]!(content);
  return (value) => {
    if (typeof value === "string") return fits(value, null);
    const [first, ...more] = isObject(value) ? Object.entries(value) : [];
    return first !== undefined && more.length === 0 && fits(...first);
  };
}
const units = (...names: readonly string[]): Readonly<Record<string, Check>> =>
  Object.fromEntries(names.map((name) => [name, isNull]));

const isSeek = variant({ Start: isU64, End: isI64, Current: isI64 });
const isMove = object({ new_path: isText });
const isVfsAction = variant({
  ...units("CreateDrive", "CreateDir", "CreateDirAll", "CreateFile", "CloseFile", "Write"),
  ...units("WriteAll", "Append", "SyncAll", "Read", "ReadToEnd", "ReadToString", "ReadDir"),
  ...units("RemoveFile", "RemoveDir", "RemoveDirAll", "Metadata", "AddZip", "Len", "Hash", "Usage"),
  OpenFile: object({ create: isFlag }),
  // The shorter forms: of versions before 0.10 (§2.8).
  ReadExact: either(object({ length: isU64 }), isU64),
  Seek: either(isSeek, object({ seek_from: isSeek })),
  Rename: isMove,
  CopyFile: isMove,
  SetLen: isU64,
  Watch: object({ watch: isU32, recursive: optional(isFlag) }),
  Unwatch: object({ watch: isU32 }),
});

const database = (action: Check): Check =>
  object({
    package_id: object({ package_name: isText, publisher_node: isText }),
    db: isText,
    action,
  });
const isTx = object({ tx_id: isU64 });
const keyed = object({ key: isBytes, tx_id: optional(isU64) });
const isKvAction = variant({
  ...units("Open", "RemoveDb", "BeginTx"),
  Set: keyed,
  Delete: keyed,
  Get: isBytes,
  Commit: isTx,
  Rollback: isTx,
  IterStart: optional(
    object({
      prefix: optional(isBytes),
      start: optional(isBytes),
      end: optional(isBytes),
      reverse: optional(isFlag),
    }),
  ),
  IterNext: object({ iterator_id: isU64, count: isU64, format: optional(isText) }),
  IterClose: object({ iterator_id: isU64 }),
});
const isSqlAction = variant({
  ...units("Open", "RemoveDb", "BeginTx"),
  Query: isText,
  Write: object({ statement: isText, tx_id: optional(isU64) }),
  Commit: isTx,
  Rollback: isTx,
});

const isFrame = variant(units("Text", "Binary", "Ping", "Pong", "Close"));
const pushed = { channel_id: isU32, message_type: isFrame };
const isRate = object({ requests: isU64, seconds: isU64 });
const bound = {
  path: isText,
  cache: isFlag,
  stream_request: optional(isFlag),
  head: optional(isFlag),
  max_body_bytes: optional(isU64),
  rate_limit: optional(object({ per_address: optional(isRate), total: optional(isRate) })),
  file: optional(object({ path: isText, mime: optional(isText) })),
};
const isStream = object({ stream: isU32 });
const bodies = {
  BodyRead: object({ stream: isU32, max_bytes: optional(isU64) }),
  BodyWrite: isStream,
  BodyEnd: isStream,
  BodyAbort: object({ stream: isU32, reading: optional(isFlag) }),
};
const isServerAction = variant({
  Bind: object({ ...bound, authenticated: isFlag, local_only: isFlag }),
  SecureBind: object(bound),
  Unbind: object({ path: isText }),
  WebSocketBind: object({ path: isText, authenticated: isFlag, extension: isFlag }),
  WebSocketSecureBind: object({ path: isText, extension: isFlag }),
  WebSocketUnbind: object({ path: isText }),
  WebSocketPush: object(pushed),
  WebSocketExtPushOutgoing: object({
    ...pushed,
    desired_reply_type: variant(units("Request", "Response")),
  }),
  WebSocketClose: isU32,
  ...bodies,
});

const isHeaders: Check = (value) => isObject(value) && Object.values(value).every(isText);
const isClientAction = variant({
  Http: object({
    method: isText,
    version: optional(isText),
    url: isText,
    headers: isHeaders,
    request_id: optional(isU32),
    stream_request: optional(isU32),
    stream_response: optional(isU32),
    whole_up_to: optional(isU32),
    redirect: optional((value) => value === "follow" || value === "manual"),
    details: optional(isFlag),
  }),
  HttpAbort: object({ request_id: isU32 }),
  WebSocketOpen: object({ url: isText, headers: isHeaders, channel_id: isU32 }),
  WebSocketPush: object(pushed),
  WebSocketClose: object({ channel_id: isU32 }),
  ...bodies,
});

const MALFORMED = /^\{"Err":"MalformedRequest"\}$/;
const BAD_JSON = /^\{"Err":\{"BadJson":\{"error":/;

/** By name of the module. */
export const SPECIFIED: ReadonlyMap<string, Specified> = new Map([
  ["vfs", { body: object({ path: isText, action: isVfsAction }), refusal: MALFORMED }],
  ["kv", { body: database(isKvAction), refusal: MALFORMED }],
  ["sqlite", { body: database(isSqlAction), refusal: MALFORMED }],
  ["http-server", { body: isServerAction, refusal: MALFORMED }],
  ["http-client", { body: isClientAction, refusal: MALFORMED }],
  ["timer", { body: variant({ ...units("Debug"), SetTimer: isU64 }), refusal: undefined }],
  [
    "state",
    {
      body: variant({
        ...units("Backup"),
        GetState: isText,
        SetState: isText,
        DeleteState: isText,
      }),
      refusal: BAD_JSON,
    },
  ],
  [
    "fd-manager",
    {
      body: variant({
        ...units("RequestFdsLimit", "FdsLimitHit", "GetState"),
        GetProcessFdLimit: isText,
        FdsLimit: isU64,
        UpdateMaxFdsAsFractionOfUlimitPercentage: isU64,
        UpdateUpdateUlimitSecs: isU64,
        UpdateCullFractionDenominator: isU64,
      }),
      refusal: undefined,
    },
  ],
]);

/**
 * WASI preview 1 for processes: clocks, random, standard streams, sleeping and exiting; no files, no sockets, nothing of
 * the host (spec/kernel.md §7, safe variants). All 46 names exist; what is not offered answers `ENOSYS` or `EBADF`.
 * Source: WASI snapshot-01, "preview1" witx.
 * @module
 */
import type { CoreValue } from "./canonical-abi/abi-type.ts";
import type { CoreFunction, ImportBinding } from "./canonical-abi/lower-function.ts";
import type { FuncType, ValueType } from "./core-module/core-module.ts";
import { STATUS } from "./core-module/metering.ts";
import type { FiberPort } from "./fiber-port.ts";
import { ERRNO, STDERR, STDIN, STDOUT, at, isStream, setU32 } from "./preview1-memory.ts";
import type { Preview1Call as Call } from "./preview1-memory.ts";
import { clockResGet, clockTimeGet, pollOneoff } from "./preview1-time.ts";
import { ensureStack } from "./stack-guard.ts";
import { exitFault } from "./wasi/cli-environment.ts";
import { chargeRandom } from "./wasi/random.ts";

/** Module name under which core modules import it. */
export const PREVIEW1_MODULE = "wasi_snapshot_preview1";

const FILETYPE_CHARACTER_DEVICE = 2;
/** Buffers of one write; the usual value of IOV_MAX. Bounds the time of one call. */
const MAX_BUFFERS = 1_024;

interface Preview1Function {
  /** `i` an i32 parameter, `I` an i64. */
  readonly params: string;
  readonly call: Call;
}

const define = (params: string, call: Call): Preview1Function => ({ params, call });
const answering =
  (errno: number): Call =>
  () =>
    errno;

const noSystem = answering(ERRNO.nosys);
const badDescriptor = answering(ERRNO.badf);

/** Both counts 0: no arguments, no environment. */
const noStrings: Call = (fiber, count, size) => {
  setU32(fiber, count!, 0);
  setU32(fiber, size!, 0);
  return ERRNO.success;
};

function randomGet(fiber: FiberPort, pointer: number, length: number): number {
  const start = at(fiber, pointer, length >>> 0, 1);
  const count = length >>> 0;
  chargeRandom(fiber, count);
  const chunk = 65_536;
  for (let done = 0; done < count; done += chunk) {
    const bytes = fiber.environment.random.bytes(Math.min(chunk, count - done));
    fiber.memory.u8.set(bytes, start + done);
  }
  return ERRNO.success;
}

/** Standard error is kept for the ending; standard output is discarded. Both always take everything. */
function fdWrite(
  fiber: FiberPort,
  fd: number,
  list: number,
  listLength: number,
  written: number,
): number {
  if (fd !== STDOUT && fd !== STDERR) return ERRNO.badf;
  const count = listLength >>> 0;
  if (count > MAX_BUFFERS) return ERRNO.inval;
  const word = at(fiber, list, count * 8) >> 2;
  const { memory } = fiber;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const start = memory.u32[word + 2 * i]!;
    const length = memory.u32[word + 2 * i + 1]!;
    memory.check(start, length);
    total += length;
    if (fd === STDERR) fiber.writeStderr(memory.u8.subarray(start, start + length));
  }
  fiber.spend(1 + count);
  setU32(fiber, written, total);
  return ERRNO.success;
}

/** End of file for standard input. */
function fdRead(
  fiber: FiberPort,
  fd: number,
  _list: number,
  _length: number,
  read: number,
): number {
  if (fd !== STDIN) return ERRNO.badf;
  setU32(fiber, read, 0);
  return ERRNO.success;
}

function fdFdstatGet(fiber: FiberPort, fd: number, pointer: number): number {
  if (!isStream(fd)) return ERRNO.badf;
  const start = at(fiber, pointer, 24, 8);
  const { u8 } = fiber.memory;
  u8.fill(0, start, start + 24);
  u8[start] = FILETYPE_CHARACTER_DEVICE;
  const rights = fd === STDIN ? 0x02 : 0x40; // fd_read, fd_write
  u8[start + 8] = rights;
  return ERRNO.success;
}

function fdFilestatGet(fiber: FiberPort, fd: number, pointer: number): number {
  if (!isStream(fd)) return ERRNO.badf;
  const start = at(fiber, pointer, 64, 8);
  fiber.memory.u8.fill(0, start, start + 64);
  fiber.memory.u8[start + 16] = FILETYPE_CHARACTER_DEVICE;
  return ERRNO.success;
}

const onStream =
  (errno: number): Call =>
  (_fiber, fd) =>
    isStream(fd!) ? errno : ERRNO.badf;

function procExit(_fiber: FiberPort, code: number): number {
  throw exitFault(code >>> 0);
}

const FUNCTIONS: Readonly<Record<string, Preview1Function>> = {
  args_get: define("ii", answering(ERRNO.success)),
  args_sizes_get: define("ii", noStrings),
  environ_get: define("ii", answering(ERRNO.success)),
  environ_sizes_get: define("ii", noStrings),
  clock_res_get: define("ii", clockResGet as Call),
  clock_time_get: define("iIi", clockTimeGet as Call),
  fd_advise: define("iIIi", noSystem),
  fd_allocate: define("iII", noSystem),
  fd_close: define("i", onStream(ERRNO.success)),
  fd_datasync: define("i", noSystem),
  fd_fdstat_get: define("ii", fdFdstatGet as Call),
  fd_fdstat_set_flags: define("ii", noSystem),
  fd_fdstat_set_rights: define("iII", noSystem),
  fd_filestat_get: define("ii", fdFilestatGet as Call),
  fd_filestat_set_size: define("iI", noSystem),
  fd_filestat_set_times: define("iIIi", noSystem),
  fd_pread: define("iiiIi", badDescriptor),
  fd_prestat_get: define("ii", badDescriptor),
  fd_prestat_dir_name: define("iii", badDescriptor),
  fd_pwrite: define("iiiIi", badDescriptor),
  fd_read: define("iiii", fdRead as Call),
  fd_readdir: define("iiiIi", badDescriptor),
  fd_renumber: define("ii", noSystem),
  fd_seek: define("iIii", onStream(ERRNO.spipe)),
  fd_sync: define("i", noSystem),
  fd_tell: define("ii", onStream(ERRNO.spipe)),
  fd_write: define("iiii", fdWrite as Call),
  path_create_directory: define("iii", badDescriptor),
  path_filestat_get: define("iiiii", badDescriptor),
  path_filestat_set_times: define("iiiiIIi", badDescriptor),
  path_link: define("iiiiiii", badDescriptor),
  path_open: define("iiiiiIIii", badDescriptor),
  path_readlink: define("iiiiii", badDescriptor),
  path_remove_directory: define("iii", badDescriptor),
  path_rename: define("iiiiii", badDescriptor),
  path_symlink: define("iiiii", badDescriptor),
  path_unlink_file: define("iii", badDescriptor),
  poll_oneoff: define("iiii", pollOneoff as Call),
  proc_exit: define("i", procExit as Call),
  proc_raise: define("i", noSystem),
  random_get: define("ii", randomGet as Call),
  sched_yield: define("", answering(ERRNO.success)),
  sock_accept: define("iii", noSystem),
  sock_recv: define("iiiiii", noSystem),
  sock_send: define("iiiii", noSystem),
  sock_shutdown: define("ii", noSystem),
};

function bindingOf(name: string, { params, call }: Preview1Function): ImportBinding {
  const types = [...params].map((letter): ValueType => (letter === "I" ? "i64" : "i32"));
  const returns = name !== "proc_exit";
  const type: FuncType = { params: types, results: returns ? ["i32"] : [] };
  const failed = returns ? -STATUS.end : STATUS.end;
  const bind =
    (fiber: FiberPort): CoreFunction =>
    (...args: CoreValue[]) => {
      if (fiber.over) return failed;
      try {
        ensureStack(0);
        fiber.memory.beginCall();
        fiber.spend();
        return call(fiber, ...(args as number[]));
      } catch (thrown) {
        fiber.fault(thrown);
        return failed;
      }
    };
  return { type, protocol: returns ? "errno" : "status", bind };
}

/** All functions of preview 1 by name. */
export const PREVIEW1: ReadonlyMap<string, ImportBinding> = new Map(
  Object.entries(FUNCTIONS).map(([name, item]) => [name, bindingOf(name, item)] as const),
);

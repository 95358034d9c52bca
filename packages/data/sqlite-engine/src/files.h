// The three files of a database, as an operating system for SQLite. There is nothing else: no other path can be opened.

#define IMPORT(name) __attribute__((import_module("kinode:sqlite-engine/files@0.1.0"), import_name(name)))

struct byte_list {
  uint8_t *bytes;
  uint32_t length;
};

IMPORT("read") void host_read(uint32_t file, uint64_t offset, uint32_t length, struct byte_list *result);
IMPORT("write") uint32_t host_write(uint32_t file, uint64_t offset, const void *bytes, uint32_t length);
IMPORT("truncate") uint32_t host_truncate(uint32_t file, uint64_t size);
IMPORT("sync") uint32_t host_sync(uint32_t file);
IMPORT("size") uint64_t host_size(uint32_t file);
IMPORT("exists") uint32_t host_exists(uint32_t file);
IMPORT("delete") uint32_t host_delete(uint32_t file);

// While a read is on its way: where its bytes are to go.
static void *read_target;
static size_t read_target_size;

enum { MAIN = 0, JOURNAL = 1, LOG = 2, NO_FILE = -1 };

struct open_file {
  sqlite3_file base;
  uint32_t kind;
};

static int kind_of(const char *name) {
  if (name == NULL) return NO_FILE;
  if (strcmp(name, "main") == 0) return MAIN;
  if (strcmp(name, "main-journal") == 0) return JOURNAL;
  if (strcmp(name, "main-wal") == 0) return LOG;
  return NO_FILE;
}

static uint32_t kind(sqlite3_file *file) { return ((struct open_file *)file)->kind; }

static int file_close(sqlite3_file *file) {
  (void)file;
  return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *buffer, int length, sqlite3_int64 offset) {
  struct byte_list result = {NULL, 0};
  read_target = buffer;
  read_target_size = (size_t)length;
  host_read(kind(file), (uint64_t)offset, (uint32_t)length, &result);
  read_target = NULL;
  if (result.length == (uint32_t)length) return SQLITE_OK;
  memset((char *)buffer + result.length, 0, (size_t)length - result.length);
  if (result.length == 0 && (uint64_t)offset < host_size(kind(file))) return SQLITE_IOERR_READ;
  return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *buffer, int length, sqlite3_int64 offset) {
  return host_write(kind(file), (uint64_t)offset, buffer, (uint32_t)length) ? SQLITE_OK : SQLITE_FULL;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  return host_truncate(kind(file), (uint64_t)size) ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int file_sync(sqlite3_file *file, int flags) {
  (void)flags;
  return host_sync(kind(file)) ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
  *size = (sqlite3_int64)host_size(kind(file));
  return SQLITE_OK;
}

// Nobody else opens these files: the node has one engine for each database.
static int file_lock(sqlite3_file *file, int level) {
  (void)file, (void)level;
  return SQLITE_OK;
}

static int file_reserved(sqlite3_file *file, int *reserved) {
  (void)file;
  *reserved = 0;
  return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int what, void *argument) {
  (void)file, (void)what, (void)argument;
  return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *file) {
  (void)file;
  return 4096;
}

static int characteristics(sqlite3_file *file) {
  (void)file;
  return 0;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags) {
  (void)vfs;
  int which = kind_of(name);
  file->pMethods = NULL;
  if (which == NO_FILE) return SQLITE_CANTOPEN;
  file->pMethods = &methods;
  ((struct open_file *)file)->kind = (uint32_t)which;
  if (out_flags != NULL) *out_flags = flags;
  return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder) {
  (void)vfs, (void)sync_folder;
  int which = kind_of(name);
  if (which == NO_FILE || !host_exists((uint32_t)which)) return SQLITE_IOERR_DELETE_NOENT;
  return host_delete((uint32_t)which) ? SQLITE_OK : SQLITE_IOERR_DELETE;
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *answer) {
  (void)vfs, (void)flags;
  int which = kind_of(name);
  *answer = which != NO_FILE && host_exists((uint32_t)which);
  return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out) {
  (void)vfs;
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int length, char *out) {
  (void)vfs;
  for (int done = 0; done < length; done += 256) {
    int part = length - done < 256 ? length - done : 256;
    if (getentropy(out + done, (size_t)part) != 0) __builtin_trap();
  }
  return length;
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return microseconds;
}

// Milliseconds since noon in Greenwich on November 24, 4714 BC.
static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *now) {
  (void)vfs;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  *now = 210866760000000LL + (sqlite3_int64)time.tv_sec * 1000 + time.tv_nsec / 1000000;
  return SQLITE_OK;
}

static void register_files(void) {
  static sqlite3_vfs vfs = {
      .iVersion = 2,
      .szOsFile = sizeof(struct open_file),
      .mxPathname = 64,
      .zName = "host",
      .xOpen = vfs_open,
      .xDelete = vfs_delete,
      .xAccess = vfs_access,
      .xFullPathname = vfs_full_path,
      .xRandomness = vfs_randomness,
      .xSleep = vfs_sleep,
      .xCurrentTimeInt64 = vfs_time,
  };
  sqlite3_vfs_register(&vfs, 1);
}

int sqlite3_os_init(void) {
  register_files();
  return SQLITE_OK;
}

int sqlite3_os_end(void) { return SQLITE_OK; }

// Running one statement: parameters in, rows out.

// Binds the encoded parameters; how many there were, or -1 when SQLite refused one.
static int bind_parameters(sqlite3_stmt *statement, const uint8_t *at, uint32_t length) {
  const uint8_t *end = at + length;
  int wanted = sqlite3_bind_parameter_count(statement);
  int count = 0;
  while (at < end) {
    uint8_t tag = *at++;
    int64_t integer = 0;
    double real = 0;
    uint32_t size = 0;
    const uint8_t *bytes = at;
    if (tag == 1) memcpy(&integer, at, 8);
    if (tag == 2) memcpy(&real, at, 8);
    if (tag == 1 || tag == 2) at += 8;
    if (tag >= 3) {
      memcpy(&size, at, 4);
      bytes = at + 4;
      at = bytes + size;
    }
    if (++count > wanted) continue;
    int code = SQLITE_OK;
    if (tag == 0) code = sqlite3_bind_null(statement, count);
    if (tag == 1) code = sqlite3_bind_int64(statement, count, integer);
    if (tag == 2) code = sqlite3_bind_double(statement, count, real);
    // They live until the statement is finalized.
    if (tag == 3) code = sqlite3_bind_text(statement, count, (const char *)bytes, (int)size, SQLITE_STATIC);
    if (tag == 4) code = sqlite3_bind_blob(statement, count, bytes, (int)size, SQLITE_STATIC);
    if (code != SQLITE_OK) return -1;
  }
  return count;
}

static int put_value(sqlite3_stmt *statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: {
      int64_t value = sqlite3_column_int64(statement, column);
      return reply_u8(1) && reply_put(&value, 8);
    }
    case SQLITE_FLOAT: {
      double value = sqlite3_column_double(statement, column);
      return reply_u8(2) && reply_put(&value, 8);
    }
    case SQLITE_TEXT: {
      const void *text = sqlite3_column_text(statement, column);
      return reply_u8(3) && reply_text(text, (uint32_t)sqlite3_column_bytes(statement, column));
    }
    case SQLITE_BLOB: {
      const void *blob = sqlite3_column_blob(statement, column);
      return reply_u8(4) && reply_text(blob, (uint32_t)sqlite3_column_bytes(statement, column));
    }
    default:
      return reply_u8(0);
  }
}

static int put_columns(sqlite3_stmt *statement, int columns) {
  if (!reply_u8(0) || !reply_u32((uint32_t)columns)) return 0;
  for (int i = 0; i < columns; i++) {
    const char *name = sqlite3_column_name(statement, i);
    if (name == NULL || !reply_text(name, (uint32_t)strlen(name))) return 0;
  }
  return 1;
}

static int put_row(sqlite3_stmt *statement, int columns) {
  for (int i = 0; i < columns; i++) {
    if (!put_value(statement, i)) return 0;
  }
  return 1;
}

// What `put_rows` says when the answer would become too large.
#define REPLY_FULL (-1)

// All rows; SQLITE_DONE when it went well.
static int put_rows(sqlite3_stmt *statement) {
  int columns = sqlite3_column_count(statement);
  if (!put_columns(statement, columns)) return REPLY_FULL;
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (!put_row(statement, columns)) return REPLY_FULL;
  }
  return code;
}

static struct reply *wrong_count(int count, int wanted) {
  char text[96];
  sqlite3_snprintf(sizeof text, text, "Wrong number of parameters passed to query. Got %d, needed %d", count, wanted);
  return reply_error(text);
}

static struct reply *run(sqlite3 *db, sqlite3_stmt *statement, uint32_t flags, const uint8_t *parameters,
                         uint32_t length) {
  int wanted = sqlite3_bind_parameter_count(statement);
  int count = bind_parameters(statement, parameters, length);
  if (count < 0) return reply_error(sqlite3_errmsg(db));
  if (count != wanted) return wrong_count(count, wanted);
  int code = (flags & WANTS_ROWS) ? put_rows(statement) : sqlite3_step(statement);
  if (code == SQLITE_DONE) return reply_done();
  if (code == SQLITE_ROW) return reply_error("Execute returned results - did you mean to call query?");
  if (code == REPLY_FULL) return reply_error("the result is too large; ask for fewer rows");
  if (code == SQLITE_AUTH) return reply_error("not authorized");
  return reply_error(code == SQLITE_NOMEM ? "out of memory" : sqlite3_errmsg(db));
}

// A statement of the caller: prepared before, or now.
struct prepared {
  sqlite3_stmt *statement;
  uint32_t rights;
  int is_whole;
};

// NULL when it went well, else the answer.
static struct reply *prepare(sqlite3 *db, uint32_t flags, const char *sql, uint32_t length, struct prepared *out) {
  caller = flags & ~(uint32_t)VACUUMS;
  if ((flags & MAY_WRITE) && is_vacuum(sql, length)) caller |= VACUUMS;
  out->rights = caller & (MAY_WRITE | OF_HOST);
  out->is_whole = 1;
  out->statement = take_cached(sql, length, out->rights);
  if (out->statement != NULL) return NULL;
  const char *rest = sql + length;
  int code = sqlite3_prepare_v3(db, sql, (int)length, SQLITE_PREPARE_PERSISTENT, &out->statement, &rest);
  if (code != SQLITE_OK) return reply_error(code == SQLITE_NOMEM ? "out of memory" : sqlite3_errmsg(db));
  if (out->statement == NULL) return reply_error("there is no statement");
  out->is_whole = rest == sql + length;
  return NULL;
}

static void put_away(struct prepared *used, uint32_t length) {
  if (used->is_whole && length <= MAX_CACHED_SQL_BYTES) keep_cached(used->statement, length, used->rights);
  else sqlite3_finalize(used->statement);
}

static struct reply *execute(sqlite3 *db, uint32_t flags, const char *sql, uint32_t sql_length,
                             const uint8_t *parameters, uint32_t parameters_length) {
  struct prepared one;
  struct reply *answer = prepare(db, flags, sql, sql_length, &one);
  if (answer != NULL) return answer;
  answer = run(db, one.statement, flags, parameters, parameters_length);
  put_away(&one, sql_length);
  return answer;
}

static struct reply *execute_each(sqlite3 *db, uint32_t flags, const char *sql, uint32_t sql_length,
                                  const uint8_t *sets, uint32_t sets_length) {
  struct prepared one;
  struct reply *answer = prepare(db, flags & ~(uint32_t)WANTS_ROWS, sql, sql_length, &one);
  if (answer != NULL) return answer;
  const uint8_t *end = sets + sets_length;
  while (sets < end) {
    uint32_t length;
    memcpy(&length, sets, 4);
    reply.length = 0;
    answer = run(db, one.statement, 0, sets + 4, length);
    if (answer->bytes[0] != 0) break;
    sqlite3_reset(one.statement);
    sets += 4 + length;
  }
  put_away(&one, sql_length);
  return answer == NULL ? reply_done() : answer;
}

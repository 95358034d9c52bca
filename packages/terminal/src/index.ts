/**
 * The interactive terminal and the log files.
 * @module
 */
export { consoleScreen, openConsole } from "./console-bun.ts";
export { History, HISTORY_COUNT } from "./history.ts";
export { openHistory } from "./history-file-bun.ts";
export { type InputRow, type Width, drawInputRow } from "./input-row.ts";
export { type EditResult, type Key, LineEditor } from "./line-editor.ts";
export { KeyReader, type KeySink, MAX_PASTE_LENGTH } from "./key-reader.ts";
export {
  formatDayTime,
  formatLogLine,
  formatPlain,
  formatRfc2822,
  formatRows,
  type LineLook,
  type PrintedLine,
} from "./line-format.ts";
export { createLogReader, type LogReaderOptions, MAX_LOG_LINES } from "./log-reader.ts";
export { LogFiles } from "./log-file-bun.ts";
export { DEFAULT_LOG_LIMITS, type LogLimits } from "./log-rotation.ts";
export {
  FilterError,
  type FilterFault,
  MAX_VERBOSITY,
  PrintFilter,
  type ProcessLevel,
  VERBOSITY_NAMES,
  parseLevelCommand,
  parseProcessVerbosity,
} from "./print-filter.ts";
export { type NodePrinter, type PrinterOptions, createPrinter } from "./printer.ts";
export { RemoteScreen, type RemoteScreenLimits } from "./remote-screen.ts";
export { sanitizeLines, sanitizeText, sanitizeWords, stripStyles } from "./sanitize.ts";
export { DEFAULT_SCREEN_BUDGET, type ScreenBudgetLimits } from "./screen-budget.ts";
export { Screens } from "./screens.ts";
export { type Screen, Terminal, type TerminalHandlers, type TerminalOptions } from "./terminal.ts";

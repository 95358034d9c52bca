;; Calls exit with code 3 after a word on standard error.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
;;! prelude
  (data (i32.const 16) "bye")
  (data (i32.const 256) "\10\00\00\00\03\00\00\00")
  (func (export "init") (param i32 i32)
    (drop (call $write (i32.const 2) (i32.const 256) (i32.const 1) (i32.const 300)))
    (call $exit (i32.const 3))))

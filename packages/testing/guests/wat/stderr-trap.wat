;; Writes 10,000 bytes to standard error in lines of 100, then traps.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
;;! prelude
  (data (i32.const 256) "\20\00\00\00\64\00\00\00")
  (func (export "init") (param i32 i32)
    (local $left i32)
    (memory.fill (i32.const 32) (i32.const 0x61) (i32.const 99))
    (i32.store8 (i32.const 131) (i32.const 10))
    (local.set $left (i32.const 100))
    (loop $l
      ;; the first byte of each line tells which it is
      (i32.store8 (i32.const 32) (i32.add (i32.const 65) (i32.rem_u (local.get $left) (i32.const 26))))
      (if (call $write (i32.const 2) (i32.const 256) (i32.const 1) (i32.const 300)) (then unreachable))
      (br_if $l (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    unreachable))

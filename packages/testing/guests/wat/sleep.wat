;; Sleeps 50 ms through poll_oneoff, prints "awake", returns.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
;;! prelude
  (data (i32.const 16) "awake")
  (func (export "init") (param i32 i32)
    ;; subscription at 512: user data 7, tag 0 (clock), clock 1, timeout 50,000,000 ns, relative
    (i64.store (i32.const 512) (i64.const 7))
    (i32.store (i32.const 528) (i32.const 1))
    (i64.store (i32.const 536) (i64.const 50000000))
    (if (call $poll (i32.const 512) (i32.const 1024) (i32.const 1) (i32.const 2048)) (then unreachable))
    (if (i64.ne (i64.load (i32.const 1024)) (i64.const 7)) (then unreachable))
    (if (i32.ne (i32.load (i32.const 2048)) (i32.const 1)) (then unreachable))
    (call $print (i32.const 0) (i32.const 16) (i32.const 5))))

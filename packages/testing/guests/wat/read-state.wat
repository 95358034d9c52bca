;; Asks for its state, prints "some" or "none", returns.
(module
  (import "kinode:process/standard@1.0.0" "get-state" (func $getState (param i32)))
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
;;! prelude
  (data (i32.const 16) "none")
  (data (i32.const 20) "some")
  (func (export "init") (param i32 i32)
    (call $getState (i32.const 1024))
    (call $print (i32.const 0) (i32.add (i32.const 16) (i32.shl (i32.load8_u (i32.const 1024)) (i32.const 2))) (i32.const 4))))

;; Prints forever.
(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
;;! prelude
  (data (i32.const 16) "spam")
  (func (export "init") (param i32 i32)
    (loop $l (call $print (i32.const 0) (i32.const 16) (i32.const 4)) (br $l))))

;; Prints a string that lies outside its memory.
(module
  (import "kinode:process/standard@1.0.0" "print-to-terminal" (func $print (param i32 i32 i32)))
;;! prelude
  (func (export "init") (param i32 i32)
    (call $print (i32.const 0) (i32.const 131000) (i32.const 1000))))

;; Computes forever inside a handler for everything.
(module
;;! prelude
  (func (export "init") (param i32 i32)
    (loop $again
      (block $caught
        (try_table (catch_all $caught)
          (loop $l (br $l))))
      (br $again))))

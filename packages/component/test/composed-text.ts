/**
 * Components of nested components, in the text form, for tests. The shape is the one composing tools make: two nested
 * components without core modules of their own around them, one instance wired into the other.
 * @module
 */

/** What both nested components need of the process interface; a subset of its functions is a valid import. */
const STANDARD = `(import "kinode:process/standard@1.0.0" (instance $std
  (export "print-to-terminal" (func (param "verbosity" u8) (param "message" string)))
  (export "get-state" (func (result (option (list u8)))))))`;

const GREET = `(import "demo:x/greet" (instance $greet
  (export "hello" (func (param "name" string) (result string)))
  (export "spin" (func))
  (export "crash" (func))
  (export "count" (func (result u32)))))`;

/** A module with memory and allocator, and lowered functions of the process interface. */
const BASICS = `
  (core module $Memory
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7)) (i32.const -8)))))
  (core instance $memory (instantiate $Memory))
  (core func $print (canon lower (func $std "print-to-terminal") (memory (core memory $memory "memory"))))
  (core func $get-state (canon lower (func $std "get-state")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core instance $std-core (export "print" (func $print)) (export "get-state" (func $get-state)))`;

const GREETER = `(component $Greeter
  ${STANDARD}
  ${BASICS}
  (core module $Main
    (import "memory" "memory" (memory 1))
    (import "std" "print" (func $print (param i32 i32 i32)))
    (import "std" "get-state" (func $get-state (param i32)))
    (global $returned (mut i32) (i32.const 0))
    (func (export "hello") (param i32 i32) (result i32)
      (call $get-state (i32.const 16))
      (call $print (i32.const 1) (local.get 0) (local.get 1))
      (if (i32.load8_u (i32.const 16))
        (then (i32.store (i32.const 1024) (i32.load (i32.const 20)))
              (i32.store (i32.const 1028) (i32.load (i32.const 24))))
        (else (i32.store (i32.const 1024) (local.get 0))
              (i32.store (i32.const 1028) (local.get 1))))
      (i32.const 1024))
    (func (export "post") (param i32)
      (global.set $returned (i32.add (global.get $returned) (i32.const 1))))
    (func (export "spin") (loop $l (br $l)))
    (func (export "crash") unreachable)
    (func (export "count") (result i32) (global.get $returned)))
  (core instance $main (instantiate $Main
    (with "memory" (instance $memory)) (with "std" (instance $std-core))))
  (func $hello (param "name" string) (result string) (canon lift (core func $main "hello")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc")) (post-return (core func $main "post"))))
  (func $spin (canon lift (core func $main "spin")))
  (func $crash (canon lift (core func $main "crash")))
  (func $count (result u32) (canon lift (core func $main "count")))
  (instance $api
    (export "hello" (func $hello)) (export "spin" (func $spin))
    (export "crash" (func $crash)) (export "count" (func $count)))
  (export "demo:x/greet" (instance $api)))`;

/**
 * A process of two components: init of the one calls the other.
 * @param body - of init, with (local.get 0) and 1 for the address, $hello, $spin, $crash, $count, $print, $get-state
 */
export function composedProcess(body: string): string {
  return `(component
  ${STANDARD}
  ${GREETER}
  (component $App
    ${STANDARD}
    ${GREET}
    ${BASICS}
    (core module $Main
      (import "memory" "memory" (memory 1))
      (import "std" "print" (func $print (param i32 i32 i32)))
      (import "std" "get-state" (func $get-state (param i32)))
      (import "greet" "hello" (func $hello (param i32 i32 i32)))
      (import "greet" "spin" (func $spin))
      (import "greet" "crash" (func $crash))
      (import "greet" "count" (func $count (result i32)))
      (func (export "init") (param i32 i32) ${body}))
    (core func $hello (canon lower (func $greet "hello")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
    (core func $spin (canon lower (func $greet "spin")))
    (core func $crash (canon lower (func $greet "crash")))
    (core func $count (canon lower (func $greet "count")))
    (core instance $main (instantiate $Main
      (with "memory" (instance $memory)) (with "std" (instance $std-core))
      (with "greet" (instance
        (export "hello" (func $hello)) (export "spin" (func $spin))
        (export "crash" (func $crash)) (export "count" (func $count))))))
    (func (export "init") (param "our" string) (canon lift (core func $main "init")
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc")))))
  (instance $greeter (instantiate $Greeter (with "kinode:process/standard@1.0.0" (instance $std))))
  (alias export $greeter "demo:x/greet" (instance $greet))
  (instance $app (instantiate $App
    (with "kinode:process/standard@1.0.0" (instance $std))
    (with "demo:x/greet" (instance $greet))))
  (alias export $app "init" (func $init))
  (export "init" (func $init)))`;
}

const TICKETS_TYPE = `
  (export "ticket" (type $ticket (sub resource)))
  (export "[constructor]ticket" (func (param "number" u32) (result (own $ticket))))
  (export "[method]ticket.number" (func (param "self" (borrow $ticket)) (result u32)))
  (export "swap" (func (param "given" (own $ticket)) (result (own $ticket))))
  (export "both" (func (param "lent" (borrow $ticket)) (param "given" (own $ticket)) (result u32)))
  (export "keep" (func (param "lent" (borrow $ticket))))`;

const OFFICE = `(component $Office
  (import "log" (func $log (param "number" u32)))
  (core func $log-core (canon lower (func $log)))
  (core module $Dtor
    (import "" "log" (func $log (param i32)))
    (func (export "drop") (param i32) (call $log (local.get 0))))
  (core instance $dtor (instantiate $Dtor (with "" (instance (export "log" (func $log-core))))))
  (type $ticket' (resource (rep i32) (dtor (core func $dtor "drop"))))
  (export $ticket "ticket" (type $ticket'))
  (core func $new (canon resource.new $ticket'))
  (core func $rep (canon resource.rep $ticket'))
  (core func $drop (canon resource.drop $ticket'))
  (core module $Main
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "number") (param i32) (result i32) (local.get 0))
    (func (export "swap") (param i32) (result i32)
      (local $rep i32)
      (local.set $rep (call $rep (local.get 0)))
      (call $drop (local.get 0))
      (call $new (i32.add (local.get $rep) (i32.const 100))))
    (func (export "both") (param i32 i32) (result i32)
      (i32.add (local.get 0) (call $rep (local.get 1))))
    (func (export "keep") (param i32)))
  (core instance $main (instantiate $Main (with "" (instance
    (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
  (func $make (param "number" u32) (result (own $ticket)) (canon lift (core func $main "make")))
  (func $number (param "self" (borrow $ticket)) (result u32) (canon lift (core func $main "number")))
  (func $swap (param "given" (own $ticket)) (result (own $ticket)) (canon lift (core func $main "swap")))
  (func $both (param "lent" (borrow $ticket)) (param "given" (own $ticket)) (result u32)
    (canon lift (core func $main "both")))
  (func $keep (param "lent" (borrow $ticket)) (canon lift (core func $main "keep")))
  (instance $api
    (export "ticket" (type $ticket))
    (export "[constructor]ticket" (func $make))
    (export "[method]ticket.number" (func $number))
    (export "swap" (func $swap)) (export "both" (func $both)) (export "keep" (func $keep)))
  (export "demo:x/office" (instance $api)))`;

/**
 * A library of two components: run of the one uses tickets, a resource of the other, which logs the number of each that
 * ends.
 * @param body - of run: func(number: u32) -> u32, with $make $number $swap $both $keep $drop
 */
export function ticketUser(body: string): string {
  return `(component
  (import "log" (func $log (param "number" u32)))
  ${OFFICE}
  (component $User
    (import "demo:x/office" (instance $office ${TICKETS_TYPE}))
    (alias export $office "ticket" (type $ticket))
    (core func $make (canon lower (func $office "[constructor]ticket")))
    (core func $number (canon lower (func $office "[method]ticket.number")))
    (core func $swap (canon lower (func $office "swap")))
    (core func $both (canon lower (func $office "both")))
    (core func $keep (canon lower (func $office "keep")))
    (core func $drop (canon resource.drop $ticket))
    (core module $Main
      (import "" "make" (func $make (param i32) (result i32)))
      (import "" "number" (func $number (param i32) (result i32)))
      (import "" "swap" (func $swap (param i32) (result i32)))
      (import "" "both" (func $both (param i32 i32) (result i32)))
      (import "" "keep" (func $keep (param i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "run") (param i32) (result i32) (local $a i32) (local $b i32) ${body}))
    (core instance $main (instantiate $Main (with "" (instance
      (export "make" (func $make)) (export "number" (func $number)) (export "swap" (func $swap))
      (export "both" (func $both)) (export "keep" (func $keep)) (export "drop" (func $drop))))))
    (func (export "run") (param "number" u32) (result u32) (canon lift (core func $main "run"))))
  (instance $office-instance (instantiate $Office (with "log" (func $log))))
  (alias export $office-instance "demo:x/office" (instance $office))
  (instance $user (instantiate $User (with "demo:x/office" (instance $office))))
  (alias export $user "run" (func $run))
  (export "run" (func $run))
  (export "demo:x/office" (instance $office)))`;
}

/** A component that lends handles of the host's resource: `run` of it makes, uses and drops `thing`s. */
export function thingUser(body: string): string {
  return `(component
  (import "demo:x/things" (instance $things
    (export "thing" (type $thing (sub resource)))
    (export "[constructor]thing" (func (param "name" u32) (result (own $thing))))
    (export "[method]thing.name" (func (param "self" (borrow $thing)) (result u32)))
    (export "[static]thing.merge" (func (param "a" (own $thing)) (param "b" (own $thing)) (result (own $thing))))))
  (alias export $things "thing" (type $thing))
  (core func $make (canon lower (func $things "[constructor]thing")))
  (core func $name (canon lower (func $things "[method]thing.name")))
  (core func $merge (canon lower (func $things "[static]thing.merge")))
  (core func $drop (canon resource.drop $thing))
  (core module $Main
    (import "" "make" (func $make (param i32) (result i32)))
    (import "" "name" (func $name (param i32) (result i32)))
    (import "" "merge" (func $merge (param i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "run") (param i32) (result i32) (local $a i32) (local $b i32) ${body}))
  (core instance $main (instantiate $Main (with "" (instance
    (export "make" (func $make)) (export "name" (func $name))
    (export "merge" (func $merge)) (export "drop" (func $drop))))))
  (func (export "run") (param "number" u32) (result u32) (canon lift (core func $main "run"))))`;
}

package kinode

import (
	"fmt"
	"strings"
)

// OnExit says what happens when a process ends by itself. The zero value forgets the process.
type OnExit struct {
	// Restart starts it again.
	Restart bool
	// Requests are sent instead, in order; none may expect a response.
	Requests []Request
}

// Child describes a process to start.
type Child struct {
	// Program is a file in this package's pkg folder, e.g. worker.wasm, or a whole VFS path.
	Program string
	// Name is the process part of its id; empty for a random number.
	Name   string
	OnExit OnExit
	// Request lists capabilities to give it, of those this process holds or issues.
	Request []Capability
	// Grant lists capabilities the child issues to others.
	Grant []Grant
	// Public lets every process of this node message it.
	Public bool
}

// Grant gives a capability of a child to another process.
type Grant struct {
	To ProcessID
	// Params is JSON text; empty for messaging.
	Params string
}

// Spawn starts a process of the same package. Parent and child may message each other.
// The error wraps ErrNameTaken or ErrNoFile.
func Spawn(child Child) (Address, error) {
	path := strings.TrimPrefix(child.Program, "/")
	if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ":") {
		child.Program = "/" + path
	} else {
		child.Program = "/" + Our().PackageID().String() + "/pkg/" + path
	}
	id, err := hostSpawn(&child)
	if err != nil {
		return Address{}, fmt.Errorf("spawning %q from %s: %w", child.Name, child.Program, err)
	}
	return Address{Our().Node, id}, nil
}

// GetOnExit tells what happens when this process ends by itself.
func GetOnExit() OnExit { return hostGetOnExit() }

// SetOnExit changes what happens when this process ends by itself.
func SetOnExit(onExit OnExit) { hostSetOnExit(&onExit) }

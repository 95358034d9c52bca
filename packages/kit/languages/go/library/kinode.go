// Package kinode lets a Go program be a Kinode process.
//
// The program's main function is the process: it starts when the process starts, and when it returns the process ends.
// A process does everything by messages; most main functions set something up and then receive in a loop:
//
//	func main() {
//		for {
//			message, err := kinode.Receive()
//			if err != nil {
//				kinode.Print(err)
//				continue
//			}
//			message.Answer(kinode.Response{Body: message.Body})
//		}
//	}
//
// A call that waits for the node (Receive, SendAndAwait, SaveState, Spawn) stops all goroutines of the process until it
// returns. Serve runs each request in a goroutine of its own, and Request.Await there waits without stopping the others.
// time.Sleep, time.Now and crypto/rand work; files, sockets and the environment are not there.
package kinode

import (
	"encoding/json"
	"fmt"
)

// Our is the address of this process.
func Our() Address { return hostOur() }

// Print shows a line to the person who runs the node.
func Print(values ...any) { PrintAt(0, values...) }

// PrintAt prints a line with a verbosity: 0 is always shown, 1 is for debugging, 2 for more of it.
func PrintAt(verbosity uint8, values ...any) { hostPrint(verbosity, fmt.Sprint(values...)) }

// State returns what SaveState stored under this process's name, also in an earlier life of it; ok is false if there is
// nothing.
func State() (bytes []byte, ok bool) { return hostGetState() }

// SaveState stores bytes under this process's name. When it returns they are safe on disk.
func SaveState(bytes []byte) { hostSetState(bytes) }

// ClearState deletes what SaveState stored.
func ClearState() { hostClearState() }

// LoadJSON decodes the state into value; ok is false, and value untouched, if there is no state.
func LoadJSON(value any) (ok bool, err error) {
	bytes, ok := State()
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(bytes, value)
}

// SaveJSON stores value as JSON.
func SaveJSON(value any) error {
	bytes, err := json.Marshal(value)
	if err == nil {
		SaveState(bytes)
	}
	return err
}

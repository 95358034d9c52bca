// Counter counts, remembers notes in a file, shows a page, and asks its child.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"kinode.os/kinode"
	"kinode.os/kinode/homepage"
	"kinode.os/kinode/httpserver"
	"kinode.os/kinode/vfs"
)

// What other processes ask: "Count", "Recall", or one of these.
type question struct {
	Remember *string
	Ask      *string
}

// Kept with the node, over restarts.
type state struct{ Count int }

var (
	counter state
	notes   string
	worker  kinode.Address
)

func main() {
	if strings.HasSuffix(kinode.Our().Process, "-worker") {
		work()
		return
	}
	if err := start(); err != nil {
		kinode.Print("counter: ", err)
	}
	for {
		message, err := kinode.Receive()
		if err != nil {
			failed(err)
		} else if !message.IsRequest() {
			answered(message)
		} else if !httpserver.Handle(message) {
			handle(message)
		}
	}
}

// The child is this program under another name: it answers with what it was sent in upper case.
func work() {
	for {
		if message, err := kinode.Receive(); err == nil && message.IsRequest() {
			message.Answer(kinode.Response{Body: []byte(strings.ToUpper(string(message.Body)))})
		}
	}
}

func start() error {
	if _, err := kinode.LoadJSON(&counter); err != nil {
		return fmt.Errorf("reading the state: %w", err)
	}
	drive, err := vfs.CreateDrive("notes")
	if err != nil {
		return err
	}
	notes = drive + "/notes.txt"

	worker = kinode.Our()
	worker.Process += "-worker"
	_, err = kinode.Spawn(kinode.Child{Program: "counter.wasm", Name: worker.Process})
	if err != nil && !errors.Is(err, kinode.ErrNameTaken) { // it lives on when only we were restarted
		return err
	}

	homepage.Add(homepage.Entry{Label: "my-package", Path: "/"})
	return httpserver.Bind("/", httpserver.Options{}, page)
}

func page(*httpserver.Request) httpserver.Response {
	return httpserver.HTML(fmt.Sprintf(
		"<!doctype html><title>my-package</title><h1>Hello from Go</h1><p>Counted: %d</p>", counter.Count,
	))
}

func handle(message *kinode.Message) {
	answer, err := reply(message)
	if err != nil {
		answer = map[string]any{"Error": err.Error()}
	}
	if answer != nil {
		message.Answer(kinode.Response{Body: kinode.JSON(answer)})
	}
}

// No answer and no error: the answer comes when the child's has come.
func reply(message *kinode.Message) (map[string]any, error) {
	switch string(message.Body) {
	case `"Count"`:
		counter.Count++
		return map[string]any{"Count": counter.Count}, kinode.SaveJSON(counter)
	case `"Recall"`:
		text, err := vfs.ReadFile(notes)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return map[string]any{"Recalled": string(text)}, err
	}
	var asked question
	if err := message.JSON(&asked); err != nil {
		return nil, err
	}
	switch {
	case asked.Remember != nil:
		return remember(*asked.Remember)
	case asked.Ask != nil:
		// The kernel keeps the context and gives it back with the response.
		kinode.Request{Target: worker, Body: []byte(*asked.Ask), Context: []byte(*asked.Ask), Timeout: 10 * time.Second}.Send()
		return nil, nil
	}
	return nil, errors.New(`expected "Count", "Recall", {"Remember": text} or {"Ask": text}`)
}

func remember(text string) (map[string]any, error) {
	if err := vfs.AppendFile(notes, []byte(text+"\n")); err != nil {
		return nil, err
	}
	file, err := vfs.Stat(notes)
	return map[string]any{"Remembered": file.Size}, err
}

// The child's response; the request that made us ask is the one being handled again, so this answers it.
func answered(message *kinode.Message) {
	kinode.Response{Body: kinode.JSON(map[string]any{"Answer": map[string]string{
		"question": string(message.Context), "answer": string(message.Body),
	}})}.Send()
}

func failed(err error) {
	var failure *kinode.SendError
	if errors.As(err, &failure) && failure.Target == worker {
		kinode.Response{Body: kinode.JSON(map[string]string{"Error": err.Error()})}.Send()
	} else {
		kinode.Print("counter: ", err)
	}
}

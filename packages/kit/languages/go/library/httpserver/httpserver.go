// Package httpserver serves HTTP paths below the process's own: a path / of main:chess:sys is at /main:chess:sys/.
// The manifest must request and grant messaging with http-server:distro:sys.
package httpserver

import (
	"fmt"
	"net/url"
	"strings"

	"kinode.os/kinode"
)

var server = kinode.Local("http-server", "distro", "sys")

// Options say who may ask. The zero value lets in the person who is logged in, from anywhere.
type Options struct {
	// Public lets everybody in.
	Public bool
	// LocalOnly lets in only what comes from the node's own machine.
	LocalOnly bool
}

// Request is one HTTP request.
type Request struct {
	Method string
	// Path is what was asked for below the process, e.g. /notes/7; Pattern is the bound path, e.g. /notes/:id.
	Path, Pattern string
	// Params are the named parts of Pattern.
	Params map[string]string
	Query  map[string]string
	// Header has its names as they arrived; Get ignores case.
	Header map[string]string
	Body   []byte
}

// Get is a header by its name in any case.
func (r *Request) Get(name string) string {
	for key, value := range r.Header {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// Response answers one. A Status of 0 is 200.
type Response struct {
	Status int
	Header map[string]string
	Body   []byte
}

// HTML is a page.
func HTML(page string) Response { return text("text/html; charset=utf-8", page) }

// Text is plain text.
func Text(body string) Response { return text("text/plain; charset=utf-8", body) }

func text(mime, body string) Response {
	return Response{Header: map[string]string{"Content-Type": mime}, Body: []byte(body)}
}

// Handler answers requests for one bound path.
type Handler func(*Request) Response

var handlers = map[string]Handler{}

// Bind gives requests for a path, which may have :name parts, to the handler.
func Bind(path string, options Options, handler Handler) error {
	handlers[normal(path)] = handler
	return ask(map[string]any{"Bind": map[string]any{
		"path": path, "authenticated": !options.Public, "local_only": options.LocalOnly, "cache": false,
	}})
}

// Unbind gives a path up.
func Unbind(path string) error {
	delete(handlers, normal(path))
	return ask(map[string]any{"Unbind": map[string]any{"path": path}})
}

func ask(action any) error {
	response, err := kinode.Request{Target: server, Body: kinode.JSON(action)}.SendAndAwait()
	if err != nil {
		return err
	}
	var answer struct{ Err any }
	if response.JSON(&answer) == nil && answer.Err != nil {
		return fmt.Errorf("the HTTP server refused: %v", answer.Err)
	}
	return nil
}

type event struct {
	Http *struct {
		Method      string            `json:"method"`
		URL         string            `json:"url"`
		BoundPath   string            `json:"bound_path"`
		Headers     map[string]string `json:"headers"`
		Params      map[string]string `json:"url_params"`
		QueryParams map[string]string `json:"query_params"`
	}
}

// Handle answers the message if it comes from the HTTP server, and reports whether it does.
func Handle(message *kinode.Message) bool {
	if !message.IsRequest() || !message.IsLocal() || message.Source.ProcessID != server.ProcessID {
		return false
	}
	var e event
	if message.JSON(&e) != nil || e.Http == nil {
		return true
	}
	prefix := "/" + kinode.Our().ProcessID.String()
	request := &Request{
		Method: e.Http.Method, Path: "/", Pattern: normal(strings.TrimPrefix(e.Http.BoundPath, prefix)),
		Params: e.Http.Params, Query: e.Http.QueryParams, Header: e.Http.Headers,
	}
	if at, err := url.Parse(e.Http.URL); err == nil {
		request.Path = normal(strings.TrimPrefix(at.Path, prefix))
	}
	if blob := kinode.ReceivedBlob(); blob != nil {
		request.Body = blob.Bytes
	}
	respond(request)
	return true
}

func respond(request *Request) {
	response := Response{Status: 404, Body: []byte("not found")}
	if handler := handlers[request.Pattern]; handler != nil {
		response = handler(request)
	}
	if response.Status == 0 {
		response.Status = 200
	}
	if response.Header == nil {
		response.Header = map[string]string{}
	}
	kinode.Response{
		Body: kinode.JSON(map[string]any{"status": response.Status, "headers": response.Header}),
		Blob: &kinode.Blob{Bytes: response.Body},
	}.Send()
}

// With a leading slash and without a trailing one, as the server stores it.
func normal(path string) string {
	return "/" + strings.Trim(path, "/")
}

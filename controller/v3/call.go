package v3

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/minicf/minicf/controller/uaa"
)

// maxBody is how long a body of JSON or YAML may be, in bytes.
const maxBody = 4 << 20

// call is one request that is to be answered, and who makes it.
type call struct {
	http.ResponseWriter
	*http.Request

	who uaa.Identity
}

// object is JSON that is made up here.
type object map[string]any

// param is a part of the path.
func (c *call) param(name string) string { return chi.URLParam(c.Request, name) }

// json answers.
func (c *call) json(status int, v any) error {
	c.ResponseWriter.Header().Set("Content-Type", "application/json")
	c.WriteHeader(status)
	_ = json.NewEncoder(c.ResponseWriter).Encode(v) // fails only when the client is gone
	return nil
}

// empty answers without a body.
func (c *call) empty(status int) error {
	c.WriteHeader(status)
	return nil
}

// warn adds a line that the cf command prints on standard error. It must come before the answer.
func (c *call) warn(text string) {
	h, key := c.ResponseWriter.Header(), "X-Cf-Warnings"
	text = url.QueryEscape(text)
	if before := h.Get(key); before != "" {
		text = before + "," + text
	}
	h.Set(key, text)
}

// read reads a body of JSON. A key that nobody knows is an error: it would have no effect. No body is an empty object.
func (c *call) read(into any) error { return c.readLarge(into, maxBody) }

// readLarge is read for a body of so many bytes.
func (c *call) readLarge(into any, limit int64) error {
	d := json.NewDecoder(http.MaxBytesReader(c.ResponseWriter, c.Body, limit))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	_, large := errors.AsType[*http.MaxBytesError](err)
	wrong, mistyped := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil && d.More():
		return unreadable("want one JSON object and no more")
	case err == nil:
		return nil
	case large:
		return failure{http.StatusRequestEntityTooLarge, 1001, "CF-MessageParseError", "The body is too large"}
	case mistyped:
		return unprocessable("%s must be %s", wrong.Field, plainType(wrong.Type.String()))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return unprocessable("Unknown field(s): '%s'", strings.Trim(name, `"`))
	}
	return unreadable("%v", err)
}

// plainType says what a Go type is in JSON.
func plainType(t string) string {
	switch {
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "float"):
		return "a number"
	case t == "bool":
		return "a boolean"
	case strings.HasPrefix(t, "[]"):
		return "an array"
	case t == "string":
		return "a string"
	}
	return "an object"
}

// base is where this request came to, as a URL. Whoever comes by another name of this machine gets links that lead there too.
func (c *call) base() string { return "http://" + c.Host }

// href is a link to a resource.
func (c *call) href(parts ...string) object {
	return object{"href": c.base() + "/v3/" + strings.Join(parts, "/")}
}

// accepted answers 202, with the job that can be asked how it goes.
func (c *call) accepted(job string) error {
	c.ResponseWriter.Header().Set("Location", c.base()+"/v3/jobs/"+job)
	return c.empty(http.StatusAccepted)
}

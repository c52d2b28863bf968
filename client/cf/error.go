package cf

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Error is an answer that is not what was asked for, in the API's words.
type Error struct {
	Method, Path string
	Status       int
	Code         int    // of Cloud Foundry, 0 when the answer has none
	Title        string // CF-UnprocessableEntity, …; "" when the answer is not of this API
	Detail       string
	Body         []byte
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("%s %s: %d %s", strings.ToLower(e.Method), e.Path, e.Status, http.StatusText(e.Status))
	}
	return e.Detail
}

// Hint says what to do next, where that is known.
func (e *Error) Hint() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "MINICF_USER and MINICF_PASSWORD say who you are; users stand in config/users.yml"
	case e.Status == http.StatusInsufficientStorage:
		return "make room where the data dir is"
	case e.Status == http.StatusRequestEntityTooLarge:
		return "leave out what the app does not need, with a .cfignore; max_upload in controller.yml is the limit"
	case strings.Contains(e.Detail, "Only one build can be STAGING"):
		return "somebody else pushes this app: wait until that is done"
	case strings.Contains(e.Detail, "already in use in another space"):
		return "take another name, or --random-route"
	}
	return ""
}

// longestAnswer is how much of a bad answer is read, in bytes.
const longestAnswer = 64 << 10

func readError(req *http.Request, resp *http.Response) error {
	e := &Error{Method: req.Method, Path: req.URL.Path, Status: resp.StatusCode}
	e.Body, _ = io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	var told struct {
		Errors      []jobError `json:"errors"`
		Description string     `json:"error_description"` // of the login
	}
	if json.Unmarshal(e.Body, &told) != nil {
		return e
	}
	e.Detail = told.Description
	e.add(told.Errors)
	return e
}

// jobError is one of the API's errors.
type jobError struct {
	Code   int    `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (e *Error) add(all []jobError) {
	for i, one := range all {
		if i == 0 {
			e.Code, e.Title, e.Detail = one.Code, one.Title, one.Detail
		} else {
			e.Detail += "; " + one.Detail
		}
	}
}

// NotFoundError says that something of a name is not there.
type NotFoundError struct{ What, Name, Place string }

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("there is no %s %s in %s", e.What, e.Name, e.Place)
}

// Hint says how to see what there is.
func (e *NotFoundError) Hint() string {
	switch e.What {
	case "app":
		return "`minicf apps` lists them"
	case "domain":
		return "`minicf curl /v3/domains` lists them; localhost is one that needs no DNS"
	}
	return "MINICF_ORG and MINICF_SPACE name another place"
}

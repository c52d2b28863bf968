package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/minicf/minicf/protocol"
)

// What keeps a file of an instance from being seen.
var (
	ErrNoFile     = errors.New("there is no such file")
	ErrHiddenFile = errors.New("that is not shown to anybody")
	ErrNotStaged  = errors.New("the instance has no directory yet")
)

// ViewerError says that the file viewer of a DEA cannot be asked.
type ViewerError struct {
	DEA string // its id
	Err error
}

func (e *ViewerError) Error() string {
	return fmt.Sprintf("ask the file viewer of DEA %s: %v", e.DEA, e.Err)
}

// Unwrap returns the reason.
func (e *ViewerError) Unwrap() error { return e.Err }

// File is what lies in the directory of an instance: a file, or a directory as the text that lists it. It must be closed.
type File struct {
	io.ReadCloser
	Directory bool
}

// OpenFile asks the file viewer of an instance's DEA for a path below the instance's directory; an empty path is the directory itself. With follow,
// a file is sent from its beginning and then as it grows, until nothing can write to it any more or ctx ends. The error is ErrNoFile, ErrHiddenFile
// (the scripts, and what is outside), ErrNotStaged, a *ViewerError, or ctx's.
func OpenFile(ctx context.Context, in protocol.FoundInstance, path string, follow bool) (*File, error) {
	if in.Staged == nil {
		return nil, ErrNotStaged
	}
	req, err := fileRequest(ctx, in, path, follow)
	if err != nil {
		return nil, &ViewerError{in.DEA, err}
	}
	resp, err := http.DefaultClient.Do(req)
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the address says nothing to people
	}
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, &ViewerError{in.DEA, err}
	case resp.StatusCode == http.StatusOK:
		// As with Rack, only files have been modified at a time.
		return &File{resp.Body, resp.Header.Get("Last-Modified") == ""}, nil
	}
	resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNotFound:
		return nil, ErrNoFile
	case http.StatusForbidden:
		return nil, ErrHiddenFile
	}
	return nil, &ViewerError{in.DEA, fmt.Errorf("the answer is %s", resp.Status)}
}

// fileRequest puts the address together as the answer to dea.find.droplet has it. The path goes as it is: what leads out of the directory is for the
// viewer to refuse.
func fileRequest(ctx context.Context, in protocol.FoundInstance, path string, follow bool) (*http.Request, error) {
	viewer, err := url.Parse(in.FileURI)
	if err != nil || viewer.Port() == "" {
		return nil, errors.New("it has none")
	}
	var names []string
	for name := range strings.SplitSeq(*in.Staged+"/"+path, "/") {
		names = append(names, url.PathEscape(name))
	}
	uri := in.FileURI + strings.Join(names, "/")
	if follow {
		uri += "?tail&tail_offset=0"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, err
	}
	if len(in.Credentials) == 2 {
		req.SetBasicAuth(in.Credentials[0], in.Credentials[1])
	}
	return req, nil
}

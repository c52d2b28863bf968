package controller

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/minicf/minicf/controller/bits"
)

// dropletField is the form field that stagers upload a droplet in.
const dropletField = "upload[droplet]"

// formRoom is how much larger a form may be than the file in it, in bytes.
const formRoom = 1 << 20

// receiveBody streams the request's body to disk, as raw bits.
func (c *Controller) receiveBody(w http.ResponseWriter, r *http.Request, s *bits.Store) (*bits.Incoming, error) {
	if err := c.limits.Limit(w, r, 0); err != nil {
		return nil, uploadError(err)
	}
	in, err := s.Receive(bits.CopyFrom(r.Body))
	return in, uploadError(c.limits.Explain(err))
}

// receiveForm streams the file of the request's form to disk.
func (c *Controller) receiveForm(w http.ResponseWriter, r *http.Request, s *bits.Store) (*bits.Incoming, error) {
	if err := c.limits.Limit(w, r, formRoom); err != nil {
		return nil, uploadError(err)
	}
	part, err := dropletPart(r)
	if _, told := errors.AsType[failure](err); told {
		return nil, err
	}
	if err != nil {
		return nil, uploadError(c.limits.Explain(err))
	}
	in, err := s.Receive(bits.CopyFrom(http.MaxBytesReader(w, part, c.limits.Max.Bytes())))
	if err != nil {
		return nil, uploadError(c.limits.Explain(err))
	}
	// The rest of the form must come too: without its end nobody knows whether the file was whole.
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		in.Discard()
		return nil, uploadError(c.limits.Explain(err))
	}
	return in, nil
}

// dropletPart finds the droplet in the form.
func dropletPart(r *http.Request) (*multipart.Part, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, badRequest("want a multipart form with the file field %s (%v)", dropletField, err)
	}
	for {
		part, err := form.NextRawPart()
		switch {
		case err == io.EOF: // a wrapped one means that the form broke off
			return nil, badRequest("the form has no file field %s", dropletField)
		case err != nil:
			return nil, err
		case part.FormName() == dropletField:
			return part, nil
		}
	}
}

// uploadError is the answer to an upload that was not stored.
func uploadError(err error) error {
	large, tooLarge := errors.AsType[*bits.TooLargeError](err)
	stalled, silent := errors.AsType[*bits.StalledError](err)
	broken, cut := errors.AsType[*bits.BrokenError](err)
	switch {
	case tooLarge:
		return failure{http.StatusRequestEntityTooLarge, 100, large.Error()}
	case silent:
		return failure{http.StatusRequestTimeout, 100, stalled.Error()}
	case cut:
		return badRequest("%v", broken)
	case errors.Is(err, bits.ErrFull):
		return failure{http.StatusInsufficientStorage, 111, err.Error()}
	}
	return err
}

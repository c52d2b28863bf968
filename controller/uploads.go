package controller

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"syscall"
	"time"
)

// stallLimit ends an upload of which not a byte arrives for so long. A download gets this time too, and more by its size.
const stallLimit = 30 * time.Second

// slowestDownload is what a client must manage, in bytes a second.
const slowestDownload = 64 << 10

// dropletField is the form field that stagers upload a droplet in.
const dropletField = "upload[droplet]"

// formRoom is how much larger a form may be than the file in it, in bytes.
const formRoom = 1 << 20

// receiveBody streams the request's body to disk, as raw bits.
func (c *Controller) receiveBody(w http.ResponseWriter, r *http.Request, s *store) (*incoming, error) {
	if err := c.limit(w, r, 0); err != nil {
		return nil, err
	}
	in, err := s.receive(copyFrom(r.Body))
	return in, c.uploadError(err)
}

// receiveForm streams the file of the request's form to disk.
func (c *Controller) receiveForm(w http.ResponseWriter, r *http.Request, s *store) (*incoming, error) {
	if err := c.limit(w, r, formRoom); err != nil {
		return nil, err
	}
	part, err := dropletPart(r)
	if err != nil {
		return nil, c.uploadError(err)
	}
	in, err := s.receive(copyFrom(http.MaxBytesReader(w, part, c.cfg.MaxUpload.Bytes())))
	if err != nil {
		return nil, c.uploadError(err)
	}
	// The rest of the form must come too: without its end nobody knows whether the file was whole.
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		in.discard()
		return nil, c.uploadError(err)
	}
	return in, nil
}

// limit makes reading the body fail when it is larger than max_upload and some room, or when it stalls.
func (c *Controller) limit(w http.ResponseWriter, r *http.Request, room int64) error {
	limit := c.cfg.MaxUpload.Bytes() + room
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // or the rest would be read before the answer is sent
		return c.tooLarge()
	}
	r.Body = &patientBody{ReadCloser: http.MaxBytesReader(w, r.Body, limit), conn: http.NewResponseController(w), stall: c.stall}
	return nil
}

// patientBody gives a client time as long as something arrives.
type patientBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	stall time.Duration
}

func (b *patientBody) Read(p []byte) (int, error) {
	_ = b.conn.SetReadDeadline(time.Now().Add(b.stall)) // not possible only for a recorder in a test
	return b.ReadCloser.Read(p)
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

// uploadError tells a broken upload, the sender's affair, from a broken disk, ours.
func (c *Controller) uploadError(err error) error {
	if err == nil {
		return nil
	}
	_, ours := errors.AsType[*fs.PathError](err)
	_, large := errors.AsType[*http.MaxBytesError](err)
	_, told := errors.AsType[failure](err)
	switch {
	case told:
		return err
	case large:
		return c.tooLarge()
	case errors.Is(err, syscall.ENOSPC):
		return failure{http.StatusInsufficientStorage, 111, "The disk is full, the upload was not stored"}
	case ours:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return failure{http.StatusRequestTimeout, 100, fmt.Sprintf("Nothing of the upload arrived for %s, so it was given up", c.stall)}
	default:
		return badRequest("the upload broke off (%v)", err)
	}
}

func (c *Controller) tooLarge() failure {
	return failure{http.StatusRequestEntityTooLarge, 100, fmt.Sprintf(
		"The upload is larger than %s, which is max_upload in controller.yml", c.cfg.MaxUpload)}
}

// serveBits serves stored content, whole or in ranges; its ETag is its SHA1.
func serveBits(w http.ResponseWriter, r *http.Request, f io.ReadSeeker, what stored, contentType string) {
	patience := stallLimit + time.Duration(what.Size/slowestDownload)*time.Second
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience)) // as in patientBody
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("ETag", `"`+what.SHA1+`"`)
	http.ServeContent(w, r, "", time.Time{}, f)
}

package bits

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/minicf/minicf/config"
)

// StallLimit ends an upload of which not a byte arrives for so long, unless something else was said. A download gets this time too, and more by
// its size.
const StallLimit = 30 * time.Second

// slowestDownload is what a client must manage, in bytes a second.
const slowestDownload = 64 << 10

// Uploads are the limits of uploads over HTTP.
type Uploads struct {
	Max   config.Size   // of one upload
	Stall time.Duration // without a byte; 0 means StallLimit
}

// Limit makes reading the request's body fail when it is larger than Max and some room in bytes, or when it stalls. What is known to be too large
// already is a *TooLargeError.
func (u Uploads) Limit(w http.ResponseWriter, r *http.Request, room int64) error {
	limit := u.Max.Bytes() + room
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // or the rest would be read before the answer is sent
		return &TooLargeError{u.Max}
	}
	r.Body = &patientBody{ReadCloser: http.MaxBytesReader(w, r.Body, limit), conn: http.NewResponseController(w), stall: u.stall()}
	return nil
}

func (u Uploads) stall() time.Duration {
	if u.Stall == 0 {
		return StallLimit
	}
	return u.Stall
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

// TooLargeError says that an upload is larger than it may be.
type TooLargeError struct{ Max config.Size }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("The upload is larger than %s, which is max_upload in controller.yml", e.Max)
}

// StalledError says that nothing came any more.
type StalledError struct{ After time.Duration }

func (e *StalledError) Error() string {
	return fmt.Sprintf("Nothing of the upload arrived for %s, so it was given up", e.After)
}

// BrokenError says that an upload was cut off, or is not what it should be: the sender's affair.
type BrokenError struct{ Err error }

func (e *BrokenError) Error() string { return fmt.Sprintf("the upload broke off (%v)", e.Err) }

// Unwrap returns what was seen of it.
func (e *BrokenError) Unwrap() error { return e.Err }

// ErrFull says that the disk is full.
var ErrFull = errors.New("The disk is full, the upload was not stored") //nolint:staticcheck // it is an answer

// Explain tells a broken upload, the sender's affair, from a broken disk, ours. In the first case the error is a *TooLargeError, a *StalledError or a
// *BrokenError, in the second ErrFull or what it was.
func (u Uploads) Explain(err error) error {
	if err == nil {
		return nil
	}
	_, ours := errors.AsType[*fs.PathError](err)
	_, large := errors.AsType[*http.MaxBytesError](err)
	_, told := errors.AsType[*TooLargeError](err)
	switch {
	case told:
		return err
	case large:
		return &TooLargeError{u.Max}
	case errors.Is(err, syscall.ENOSPC):
		return ErrFull
	case ours:
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &StalledError{u.stall()}
	}
	return &BrokenError{err}
}

// Serve serves stored content, whole or in ranges; its ETag is its SHA1.
func Serve(w http.ResponseWriter, r *http.Request, f io.ReadSeeker, what Stored, contentType string) {
	patience := StallLimit + time.Duration(what.Size/slowestDownload)*time.Second
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience)) // as in patientBody
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("ETag", `"`+what.SHA1+`"`)
	http.ServeContent(w, r, "", time.Time{}, f)
}

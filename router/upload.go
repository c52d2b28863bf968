package router

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// linger is how long a client may take to notice that it was answered before all of its request was read.
const linger = 500 * time.Millisecond

// upload is the body of a client's request on its way to an app. It knows how far it got, because an app may answer
// before it has read everything (it refuses a large upload, or it answers line by line), and net/http leaves a proxy alone
// with that: it would read the rest itself, under the app's nose, or reset the connection before the client has the answer.
type upload struct {
	body io.ReadCloser // as the server made it

	started, ended, failed, closed atomic.Bool
}

// Read is the transport's, and may be called until and even after the app has answered.
func (u *upload) Read(p []byte) (int, error) {
	if u.closed.Load() {
		return 0, errors.New("the app has answered already")
	}
	u.started.Store(true)
	n, err := u.body.Read(p)
	switch {
	case err == io.EOF:
		u.ended.Store(true)
	case err != nil:
		u.failed.Store(true) // the client's fault, not the app's
	}
	return n, err
}

// Close is the transport's too. The server still needs the body itself.
func (u *upload) Close() error {
	u.closed.Store(true)
	return nil
}

// again reports whether the body can be sent to another app than the one that was to have it, and prepares that.
func (u *upload) again() bool {
	if u.started.Load() {
		return false
	}
	u.closed.Store(false)
	return true
}

// answered is told of the app's answer before the client is. When the upload is not over by then, the answer ends the
// connection: only so does the server let the rest of the body be.
func (u *upload) answered(res *http.Response) {
	switch {
	case res.StatusCode == http.StatusSwitchingProtocols:
		u.ended.Store(true) // what follows is no body
	case !u.ended.Load():
		res.Header.Set("Connection", "close")
	}
}

// finish is called when the client has its answer. It takes some more of an upload that is still under way, so that the client
// gets to read the answer, and waits for the transport to be out of Read.
func (u *upload) finish(w http.ResponseWriter) {
	_ = u.Close()
	if !u.started.Load() || u.ended.Load() || u.failed.Load() {
		return
	}
	rc := http.NewResponseController(w)
	// Errors mean that the client is gone; closing the body finds that out again.
	_ = rc.Flush()
	_ = rc.SetReadDeadline(time.Now().Add(linger))
	_ = u.body.Close()
}

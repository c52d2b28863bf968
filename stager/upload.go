package stager

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"os"
)

// The one part of an upload: the field that the cloud controller reads, and the file name that curl sent with it.
const (
	uploadField = "upload[droplet]"
	uploadName  = "droplet.tgz"
)

// upload posts the droplet in file as multipart/form-data, streamed from the disk. What the server answers beside its
// status does not matter.
func upload(ctx context.Context, client http.RoundTripper, uri, file string) (err error) {
	ctx, dog := newWatchdog(ctx, stallLimit)
	defer dog.stop()
	defer func() { err = whyEnded(ctx, err) }()
	req, err := newRequest(ctx, http.MethodPost, uri)
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := setForm(req, f, dog); err != nil {
		return err
	}
	res, err := client.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	discard(res, dog)
	return succeeded(res)
}

// setForm makes f the body of req. Its length is known beforehand: servers of the time did not understand chunks.
func setForm(req *http.Request, f *os.File, dog *watchdog) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var frame bytes.Buffer
	form := multipart.NewWriter(&frame)
	if _, err := form.CreateFormFile(uploadField, uploadName); err != nil {
		return err
	}
	head := frame.Len()
	if err := form.Close(); err != nil {
		return err
	}
	before, after := frame.Bytes()[:head], frame.Bytes()[head:]
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.ContentLength = int64(frame.Len()) + info.Size()
	content := io.NewSectionReader(f, 0, info.Size())
	req.Body = io.NopCloser(dog.watch(io.MultiReader(bytes.NewReader(before), content, bytes.NewReader(after))))
	return nil
}

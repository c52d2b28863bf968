package stager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/minicf/minicf/config"
)

// download fetches the app into file, without ever holding it in memory. An app of more than limit bytes is refused, by its
// announced length if there is one.
func download(ctx context.Context, client http.RoundTripper, uri, file string, limit config.Size) (err error) {
	ctx, dog := newWatchdog(ctx, stallLimit)
	defer dog.stop()
	defer func() { err = whyEnded(ctx, err) }()
	req, err := newRequest(ctx, http.MethodGet, uri)
	if err != nil {
		return err
	}
	res, err := client.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	dog.kick()
	if err := succeeded(res); err != nil {
		discard(res, dog)
		return err
	}
	if res.ContentLength > limit.Bytes() {
		return tooLarge(limit)
	}
	n, err := save(dog.watch(io.LimitReader(res.Body, limit.Bytes()+1)), file)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the connection ended early, after %d bytes", n)
	case err != nil:
		return err
	case n > limit.Bytes():
		return tooLarge(limit)
	}
	return nil
}

func tooLarge(limit config.Size) error {
	return fmt.Errorf("the app's zip is larger than %s, the limit of this stager", limit)
}

// save writes r to a new file. Nobody needs the file after a power cut, so it is not synced.
func save(r io.Reader, file string) (n int64, err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(f, r)
	return n, errors.Join(err, f.Close())
}

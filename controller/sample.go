package controller

import (
	"archive/zip"
	"bytes"
	"context"
	"io/fs"

	"github.com/minicf/minicf/apps"
	"github.com/minicf/minicf/droplet"
)

// sample is the app that is served for an id without a package: a directory, or the one that the binary brings.
type sample struct{ dir string }

// zip packs the app now, so that a change to it is seen at the next staging. Samples are small: it is done in memory.
func (s sample) zip(ctx context.Context) (*bytes.Reader, error) {
	var out bytes.Buffer
	pack := func() error { return droplet.PackZip(ctx, s.dir, &out) }
	if s.dir == "" {
		pack = func() error { return packEmbedded(&out) }
	}
	if err := pack(); err != nil {
		return nil, err
	}
	return bytes.NewReader(out.Bytes()), nil
}

func packEmbedded(out *bytes.Buffer) error {
	app, err := apps.Sinatra()
	if err != nil {
		return err
	}
	z := zip.NewWriter(out)
	err = fs.WalkDir(app, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(app, path)
		if err != nil {
			return err
		}
		h := &zip.FileHeader{Name: path, Method: zip.Deflate}
		h.SetMode(0o644) // embedding forgets modes
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	return z.Close()
}

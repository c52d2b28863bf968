package controller

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/minicf/minicf/apps"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/controller/bits"
	"github.com/minicf/minicf/droplet"
)

// serveSample zips the sample app now, so that a change to it is seen at the next staging, and serves it.
func (c *Controller) serveSample(w http.ResponseWriter, r *http.Request) error {
	in, err := c.packages.Receive(func(w io.Writer) error {
		if c.cfg.SampleApp != "" {
			return droplet.PackZip(r.Context(), c.cfg.SampleApp, w)
		}
		return packEmbedded(w)
	})
	if err != nil {
		return fmt.Errorf("zip the sample app: %w", err)
	}
	defer in.Discard()
	bits.Serve(w, r, in.File, bits.Stored{SHA1: in.SHA1, Size: in.Size}, "application/zip")
	return nil
}

// checkSample looks for the directory of sample_app before anybody asks for it.
func checkSample(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return config.Invalid("sample_app", "%w", err)
	}
	if !info.IsDir() {
		return config.Invalid("sample_app", "%s is no directory", dir)
	}
	return nil
}

// packEmbedded zips the sample that the binary brings along.
func packEmbedded(w io.Writer) error {
	app, err := apps.Sinatra()
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	err = fs.WalkDir(app, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return addFile(z, app, path)
	})
	if err != nil {
		return err
	}
	return z.Close()
}

func addFile(z *zip.Writer, app fs.FS, path string) error {
	text, err := fs.ReadFile(app, path)
	if err != nil {
		return err
	}
	h := &zip.FileHeader{Name: path, Method: zip.Deflate, Modified: sampleTime()}
	h.SetMode(0o644) // embedding forgets modes
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// sampleTime is what the sample's files are dated, for embedding forgets that too: the evening of the tutorial.
func sampleTime() time.Time { return time.Date(2012, time.November, 13, 22, 12, 0, 0, time.UTC) }

package droplet_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

func TestPackStopsWhenTheWriterFails(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left")
	for name, content := range map[string]string{"small": "x", "large": strings.Repeat("text", 1<<20)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := t.TempDir()
			write(t, filepath.Join(src, "f"), content, 0o644)
			// The bubble fails the test if a goroutine is left.
			synctest.Test(t, func(t *testing.T) {
				for format, pack := range packers {
					if err := pack(t.Context(), src, failingWriter{full}); !errors.Is(err, full) {
						t.Errorf("%s: error = %v, want %v", format, err, full)
					}
				}
			})
			checkNothingOpen(t, src)
		})
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestPackStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	src := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		write(t, filepath.Join(src, name), strings.Repeat(name, 500_000), 0o644)
	}
	synctest.Test(t, func(t *testing.T) {
		for format, pack := range packers {
			for n := range 8 {
				err := pack(cancelAfter(t.Context(), n), src, io.Discard)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s cancelled at look %d: error = %v", format, n, err)
				}
			}
		}
	})
	checkNothingOpen(t, src)
}

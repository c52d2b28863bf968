package droplet_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
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

func TestPackReportsAFileThatShrinksMeanwhile(t *testing.T) {
	t.Parallel()
	eachPacker(t, func(t *testing.T, format string, pack func(context.Context, string, io.Writer) error) {
		src := t.TempDir()
		name := filepath.Join(src, "log")
		noise := make([]byte, 4<<20)
		rand.NewChaCha8([32]byte{}).Read(noise)
		write(t, name, string(noise), 0o644)
		shrink := writerFunc(func(p []byte) (int, error) { return len(p), os.Truncate(name, 100) })
		if err := pack(t.Context(), src, shrink); err == nil || !strings.Contains(err.Error(), `"log": shrank`) {
			t.Errorf("error = %v, want one that says log shrank", err)
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestPackOfEmptyDirectoriesStopsWhenCancelled(t *testing.T) {
	t.Parallel()
	src := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(src, "a/b/c"), 0o755))
	eachPacker(t, func(t *testing.T, format string, pack func(context.Context, string, io.Writer) error) {
		if err := pack(cancelAfter(t.Context(), 2), src, io.Discard); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want %v", err, context.Canceled)
		}
	})
}

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

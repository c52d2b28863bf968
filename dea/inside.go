package dea

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
)

// How much of an instance's own files is read, in bytes.
const (
	maxManifest  = 64 << 10 // droplet.yaml and state files
	maxLastWords = 2 << 10  // what an app wrote last
)

// readInside reads at most the last bytes of a file of an instance. A name or a link that leads out
// of the directory is an error, and so is what is no file: both belong to an app that may be
// hostile.
func readInside(dir, name string, most int64) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	return io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-most), most))
}

// lastWords is the end of what an app wrote to its standard error, which mostly says why it is
// gone. The startup scripts of 2012 put that into logs/, where in 2012 one had to look for it.
func lastWords(dir string) string {
	text, err := readInside(dir, "logs/stderr.log", maxLastWords)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(text)), "?")
}

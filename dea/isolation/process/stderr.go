package process

import (
	"os"
	"strings"
)

const (
	tailKept = 4 << 10 // bytes of standard error that Exit tells
	tailMost = 1 << 20 // bytes on disk after which trim cuts
)

// tail is what startup writes to its standard error. It is a file, and not a pipe, because a pipe would end when the DEA is killed, and
// with it whoever writes to it; and because a background process that keeps a pipe open would delay the news of startup's end. The file has
// no name, so it goes with the last process that has it open.
type tail struct {
	file *os.File
}

func newTail(dir string) (*tail, error) {
	named, err := os.CreateTemp(dir, ".stderr-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(named.Name())
	defer named.Close()
	// Appending, for startup too: else its next write after trim would leave a hole as long as what was cut.
	f, err := os.OpenFile(named.Name(), os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	return &tail{file: f}, nil
}

// read returns the last whole lines, at most tailKept bytes of them, as valid UTF-8.
func (t *tail) read() string {
	if t == nil { // an adopted instance's is its first DEA's
		return ""
	}
	info, err := t.file.Stat()
	if err != nil {
		return ""
	}
	from := max(0, info.Size()-tailKept)
	buf := make([]byte, info.Size()-from)
	n, _ := t.file.ReadAt(buf, from)
	text := string(buf[:n])
	if from > 0 {
		if _, whole, ok := strings.Cut(text, "\n"); ok {
			text = whole
		}
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// trim cuts a file that has grown too long down to what read returns.
func (t *tail) trim() {
	if t == nil {
		return
	}
	info, err := t.file.Stat()
	if err != nil || info.Size() <= tailMost {
		return
	}
	last := t.read()
	if t.file.Truncate(0) == nil {
		_, _ = t.file.WriteString(last)
	}
}

func (t *tail) close() {
	if t != nil {
		_ = t.file.Close()
	}
}

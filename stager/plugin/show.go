package plugin

import "bytes"

// maxLine is how much of a line that does not end is shown at once, in bytes.
const maxLine = 4 << 10

// Tell shows a line to the app's owner at once, where somebody can show it, else in the log of the droplet.
func (w *Workspace) Tell(line string) {
	if w.Show == nil {
		w.Log.Info(line)
		return
	}
	w.Show(line)
}

// Lines is a writer that calls f with each line that was written, without its end. Call Flush for what has no end.
type Lines struct {
	f    func(line string)
	rest []byte
}

// NewLines returns a writer for one goroutine at a time.
func NewLines(f func(line string)) *Lines { return &Lines{f: f} }

// Write never fails.
func (l *Lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		switch {
		case i >= 0:
			l.f(string(bytes.TrimSuffix(l.rest[:i], []byte("\r"))))
			l.rest = l.rest[i+1:]
		case len(l.rest) > maxLine:
			l.f(string(l.rest[:maxLine]))
			l.rest = l.rest[maxLine:]
		default:
			return len(p), nil
		}
	}
}

// Flush hands over a last line that does not end.
func (l *Lines) Flush() {
	if len(l.rest) > 0 {
		l.f(string(l.rest))
		l.rest = nil
	}
}

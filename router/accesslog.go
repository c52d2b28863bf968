package router

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	// accessDelay is how long lines are collected before they are written, so that a busy router writes a few times a second.
	accessDelay = 50 * time.Millisecond
	// accessPending is how many bytes of lines may wait for the disk. More are lost: requests do not wait for it.
	accessPending = 4 << 20
	// accessSize is how large the file may become before it is put aside.
	accessSize = 64 << 20
)

// accessLog appends a line for each request to a file. Whoever has a line only leaves it here; run writes.
type accessLog struct {
	path string
	log  *slog.Logger
	wake chan struct{} // holds one: there are lines

	mu    sync.Mutex
	lines []byte
	lost  int // lines
}

func newAccessLog(path string, log *slog.Logger) *accessLog {
	return &accessLog{path: path, log: log, wake: make(chan struct{}, 1)}
}

// add takes a line, which it makes by appending to what it is given.
func (a *accessLog) add(appendTo func([]byte) []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.lines) > accessPending {
		a.lost++
		return
	}
	first := len(a.lines) == 0
	a.lines = appendTo(a.lines)
	if !first {
		return
	}
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// start opens the file and begins to write. stop writes what is left, and ends that.
func (a *accessLog) start() (stop func(), err error) {
	if err := os.MkdirAll(filepath.Dir(a.path), 0o755); err != nil {
		return nil, fmt.Errorf("open the access log: %w", err)
	}
	f, err := a.open()
	if err != nil {
		return nil, err
	}
	w := &accessWriter{accessLog: a, file: f}
	stopping := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() { w.run(stopping) })
	return func() {
		close(stopping)
		writing.Wait()
	}, nil
}

func (a *accessLog) open() (*os.File, error) {
	f, err := os.OpenFile(a.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the access log: %w", err)
	}
	return f, nil
}

// take returns the lines that wait, whose place spare takes, and how many there was no room for.
func (a *accessLog) take(spare []byte) (lines []byte, lost int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	lines, lost = a.lines, a.lost
	a.lines, a.lost = spare[:0], 0
	return lines, lost
}

// accessWriter is the one end of the log that knows the file.
type accessWriter struct {
	*accessLog
	file   *os.File
	spare  []byte
	broken bool // and said so
}

// run writes until it is told to stop.
func (w *accessWriter) run(stopping <-chan struct{}) {
	defer w.close()
	for {
		select {
		case <-w.wake:
		case <-stopping:
			w.write()
			return
		}
		select {
		case <-time.After(accessDelay):
		case <-stopping:
		}
		w.write()
	}
}

func (w *accessWriter) write() {
	lines, lost := w.take(w.spare)
	w.spare = lines
	if lost > 0 {
		w.log.Warn("access log is too slow, lines were left out", "lines", lost)
	}
	_, err := w.file.Write(lines)
	if err != nil && !w.broken {
		w.log.Error("access log cannot be written", "error", err)
	}
	w.broken = err != nil
	if err := w.rotate(); err != nil {
		w.log.Error("access log cannot be put aside", "error", err)
	}
}

// rotate puts a file that has become too large aside, in place of the one that was put aside before.
func (w *accessWriter) rotate() error {
	info, err := w.file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < accessSize {
		return err
	}
	if err := os.Rename(w.path, w.path+".1"); err != nil {
		return err
	}
	f, err := w.open()
	if err != nil {
		return err // w.file is still there, under its new name
	}
	w.close()
	w.file = f
	return nil
}

func (w *accessWriter) close() { _ = w.file.Close() } // what was written is written

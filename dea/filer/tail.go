package filer

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	tailPoll = 100 * time.Millisecond // between two looks at a file that is followed
	tailSize = 64 << 10               // bytes of what is there already that ?tail begins with, at most
)

// follow sends what is added to a file, as it is added, until the client goes, or nothing can write to it any more. A file that was cut is sent from
// its new beginning.
func (f *Filer) follow(w http.ResponseWriter, r *http.Request, t *target) {
	w.Header().Set("Content-Type", mimeType(t.path))
	w.Header().Set("Last-Modified", t.info.ModTime().UTC().Format(http.TimeFormat))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return
	}
	flush := http.NewResponseController(w)
	look := time.NewTicker(tailPoll)
	defer look.Stop()
	for at := t.beginning(r.URL.Query().Get("tail_offset")); ; {
		last := !f.cfg.Writes(t.staged) // asked first, so that what it wrote last is sent
		n, err := io.Copy(w, io.NewSectionReader(t.file, at, 1<<62))
		at += n
		if err == nil {
			err = flush.Flush()
		}
		if err != nil || last {
			return
		}
		select {
		case <-look.C:
		case <-r.Context().Done():
			return
		}
		if info, err := t.file.Stat(); err == nil && info.Size() < at {
			at = 0
		}
	}
}

// beginning is where to begin to follow: at the offset that is asked for, or with the last lines that are there.
func (t *target) beginning(offset string) int64 {
	size := t.info.Size()
	if n, err := strconv.ParseInt(offset, 10, 64); err == nil && n >= 0 {
		return min(n, size)
	}
	if size <= tailSize {
		return 0
	}
	last := make([]byte, tailSize)
	n, _ := t.file.ReadAt(last, size-tailSize)
	return size - tailSize + int64(bytes.IndexByte(last[:n], '\n')+1)
}

package process

import (
	"context"
	"io/fs"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// restFactor bounds what measuring disks costs: after a walk nothing is walked there for this many times as long as it took, times the number of
// instances, so that all of it takes at most a twentieth of a core. In 2012 one `du -sk *` for all instances ran every 2 seconds, and was known to
// take over ten.
const restFactor = 20

// disk knows how much lies below a directory.
type disk struct {
	mu    sync.Mutex
	bytes int64
	until time.Time // bytes is good enough before
}

// used counts like du: blocks of 512 bytes. A walk that ctx ends counts if it found more than the last: what is so large that it cannot be counted
// in time is at least that large. others is how many share the time for walks.
func (d *disk) used(ctx context.Context, dir string, others int) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	began := time.Now()
	if began.Before(d.until) {
		return d.bytes
	}
	bytes, err := walk(ctx, dir)
	if err == nil || bytes > d.bytes {
		d.bytes = bytes
	}
	now := time.Now()
	d.until = now.Add(time.Duration(restFactor*max(1, others)) * now.Sub(began))
	return d.bytes
}

// walk fails only when ctx ends, with what it has counted until then. What vanishes under it, or may not be read, does not count.
func walk(ctx context.Context, dir string) (int64, error) {
	type file struct{ device, inode uint64 }
	var total int64
	linked := make(map[file]bool)
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil || err != nil {
			return ctx.Err()
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil
		}
		if !entry.IsDir() && st.Nlink > 1 {
			id := file{uint64(st.Dev), st.Ino}
			if linked[id] {
				return nil
			}
			linked[id] = true
		}
		total += st.Blocks * 512
		return nil
	})
	return total, err
}

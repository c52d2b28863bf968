package git

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// poll is how often a directory that another staging has locked is tried again.
const poll = 50 * time.Millisecond

// lock takes a lock in the cache when another staging, also one of another process, has given it back.
func (g Git) lock(ctx context.Context, name string) (unlock func(), err error) {
	if err := os.MkdirAll(g.Cache, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(g.Cache, name+".lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, &fs.PathError{Op: "flock", Path: path, Err: err}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

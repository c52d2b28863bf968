package dea

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/minicf/minicf/dea/isolation"
)

// sweepLimit is how long the processes of an earlier DEA may take to go; then they are killed at
// once.
const sweepLimit = 5 * time.Second

// sweep ends what an earlier DEA that was killed left running, and removes its instances'
// directories. It returns what that DEA knew of them. An instance that was launched a moment before
// the kill may be in no record, so every directory is looked at.
func (d *DEA) sweep(ctx context.Context) []record {
	all, err := d.snapshot.load()
	if err != nil {
		d.log.Warn("snapshot of the last DEA cannot be read", "error", err)
	}
	var left []record
	handles := map[string]isolation.Handle{} // by directory
	for _, app := range all {
		for _, r := range app {
			left = append(left, r)
			h := isolation.Handle{Dir: r.Dir}
			if r.Handle != nil {
				h = *r.Handle
			}
			h.ID = r.InstanceID
			handles[r.Dir] = h
		}
	}
	dirs, err := os.ReadDir(d.paths.apps)
	if err != nil {
		d.log.Warn("directories of the last DEA cannot be listed", "error", err)
	}
	for _, dir := range dirs {
		path := filepath.Join(d.paths.apps, dir.Name())
		if _, known := handles[path]; !known {
			handles[path] = isolation.Handle{ID: idIn(dir.Name()), Dir: path}
		}
	}
	d.sweepAll(ctx, handles)
	d.snapshot.save()
	slices.SortFunc(left, func(a, b record) int { return int(a.StateTimestamp - b.StateTimestamp) })
	return left
}

func (d *DEA) sweepAll(ctx context.Context, handles map[string]isolation.Handle) {
	ctx, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	for dir, h := range handles {
		wg.Go(func() {
			if err := d.backend.Sweep(ctx, h); err != nil {
				d.log.Error("instance of the last DEA was not stopped", "dir", dir, "error", err)
			}
			if filepath.Dir(dir) == d.paths.apps { // a snapshot does not decide what is deleted elsewhere
				d.log.Warn("instance of the last DEA is swept", "dir", dir)
				d.removeDir(dir)
			}
		})
	}
}

package dea

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What lies in staged/ under a SHA1 is kept after its use, for the next start of the same droplet, which need not
// download it then. In 2012 it was removed at once, or with disable_dir_cleanup kept for ever.

// keeps reports whether a droplet stays after its use: only a hash says what is in a file, and one that is larger than
// the cache would drive out all others and then go itself.
func (f *fetcher) keeps(fl *flight) bool { return fl.want.sum != "" && fl.size <= f.room }

// evict removes the droplets that were not used for longest until the others have room. What is being used stays, and counts.
// The caller holds fetcher.mu.
func (f *fetcher) evict() {
	var total int64
	droplets := f.cached()
	for _, d := range droplets {
		total += d.Size()
	}
	slices.SortFunc(droplets, func(a, b os.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, d := range droplets {
		if total <= f.room {
			return
		}
		if f.flights[d.Name()] != nil {
			continue
		}
		if err := os.Remove(filepath.Join(f.dir, d.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			f.log.Warn("droplet was not removed", "error", err)
			continue
		}
		f.log.Debug("droplet evicted from the cache", "droplet", d.Name(), "bytes", d.Size())
		total -= d.Size()
	}
}

// cached are the files of the cache; what somebody else put into staged/ under another name is not ours to remove.
func (f *fetcher) cached() (all []os.FileInfo) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		f.log.Warn("staged droplets cannot be listed", "error", err)
	}
	for _, e := range entries {
		name, tgz := strings.CutSuffix(e.Name(), ".tgz")
		if info, err := e.Info(); err == nil && tgz && isSHA1(name) && info.Mode().IsRegular() {
			all = append(all, info)
		}
	}
	return all
}

// touch notes that a droplet was used now. Without that it only goes too early.
func touch(path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now)
}

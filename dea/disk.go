package dea

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// diskUsed is how full the file system below path is, in percent, as df counts it: what only root
// may use counts as used by nobody. In 2012 an integer division made this 0 or 100.
func diskUsed(path string) (percent int, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, fmt.Errorf("look how full the disk is: %w", err)
	}
	used, free := float64(s.Blocks-s.Bfree), float64(s.Bavail)
	if used+free <= 0 {
		return 0, nil // a file system without blocks, which is never full
	}
	return int(100 * used / (used + free)), nil
}

// measureDisk looks how full the disk is. Without an answer the last one stands.
func (d *DEA) measureDisk() {
	percent, err := d.disk(d.cfg.BaseDir)
	if err != nil {
		d.log.Warn("disk usage is not known", "error", err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.diskPercent = percent
}

// diskFull reports whether nothing new should be put on the disk. The caller holds DEA.mu.
func (d *DEA) diskFull() bool { return d.diskPercent > d.cfg.DiskThreshold }

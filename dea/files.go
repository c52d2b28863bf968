package dea

import "context"

// What the DEA has to do with its file viewer, see package filer.

// serveFiles lets people look at instances' files until ctx ends. A viewer that breaks is no reason
// to stop apps.
func (d *DEA) serveFiles(ctx context.Context) {
	if err := d.files.Serve(ctx); err != nil {
		d.log.Error("file viewer ended", "error", err)
	}
}

// writes reports whether something may still write into an instance's directory.
func (d *DEA) writes(dirName string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, in := range d.registry.all {
		if in.dirName() == dirName {
			return !in.ended
		}
	}
	return false
}

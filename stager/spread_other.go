//go:build !linux

package stager

// spread is for Linux alone.
func spread(string) {}

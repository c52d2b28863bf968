//go:build !linux

package landlock

const canRenounce = false

func renounce() error { return nil }

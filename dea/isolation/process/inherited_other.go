//go:build !linux

package process

func closeInherited() { closeListed() }

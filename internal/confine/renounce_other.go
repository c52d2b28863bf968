//go:build !linux

package confine

// CanRenounce says whether confined programs get no new privileges.
const CanRenounce = false

func renounce() error { return nil }

//go:build !linux

package process

import "github.com/minicf/minicf/dea/isolation"

const canLimit = false

// limit does nothing: only Linux can limit another process, and a shell of ours that did it with ulimit would stand between.
func limit(int, isolation.Limits) error { return nil }

package logcache

import (
	"cmp"
	"slices"

	"github.com/minicf/minicf/protocol"
)

// Limits of what is kept.
const (
	maxLines = 2000    // of an app
	maxLine  = 8 << 10 // bytes
	maxApps  = 2000
)

// ring is the newest lines of one app, in the order of their times. No two have the same time: whoever follows asks for what is later than the last
// line seen.
type ring struct {
	lines   []protocol.LogLine
	written int64 // counts up over all rings: which of them was written to last
}

// add puts a line where it belongs.
func (r *ring) add(l protocol.LogLine) {
	l.Text = l.Text[:min(len(l.Text), maxLine)]
	at := len(r.lines)
	for at > 0 && r.lines[at-1].Time > l.Time {
		at--
	}
	if at > 0 && r.lines[at-1].Time == l.Time {
		l.Time++
	}
	r.lines = slices.Insert(r.lines, at, l)
	for i := at + 1; i < len(r.lines) && r.lines[i].Time <= r.lines[i-1].Time; i++ {
		r.lines[i].Time = r.lines[i-1].Time + 1
	}
	if n := len(r.lines) - maxLines; n > 0 {
		r.lines = slices.Delete(r.lines, 0, n)
	}
}

// read returns the lines from a time on and before another, at most so many: the first of them or, descending, the last, the newest first.
func (r *ring) read(from, to int64, limit int, descending bool) []protocol.LogLine {
	first, last := r.index(from), r.index(to)
	some := r.lines[min(first, last):last]
	if !descending {
		return slices.Clone(some[:min(limit, len(some))])
	}
	some = slices.Clone(some[max(0, len(some)-limit):])
	slices.Reverse(some)
	return some
}

// index is that of the first line that is not before a time.
func (r *ring) index(t int64) int {
	i, _ := slices.BinarySearchFunc(r.lines, t, func(l protocol.LogLine, t int64) int { return cmp.Compare(l.Time, t) })
	return i
}
